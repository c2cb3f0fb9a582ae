CREATE TABLE IF NOT EXISTS {version} (
	version integer PRIMARY KEY,
	applied_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS {state} (
	app text PRIMARY KEY,
	token text NOT NULL,
	document bytea NOT NULL,
	written_at bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS {rows} (
	app text NOT NULL,
	row_key text NOT NULL,
	seen bigint NOT NULL,
	lease bigint NOT NULL,
	deleted bigint,
	body bytea,
	note bytea,
	PRIMARY KEY (app, row_key)
);
INSERT INTO {version} (version) VALUES (1) ON CONFLICT DO NOTHING;
