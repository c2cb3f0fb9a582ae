CREATE TABLE {version} (
	version integer PRIMARY KEY,
	applied_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE {state} (
	app text PRIMARY KEY,
	store_id text NOT NULL,
	revision bigint NOT NULL,
	write_id text NOT NULL,
	document text NOT NULL,
	written_at bigint NOT NULL
);
CREATE TABLE {instances} (
	app text NOT NULL,
	id text NOT NULL,
	seen bigint NOT NULL,
	lease bigint NOT NULL,
	report text NOT NULL,
	PRIMARY KEY (app, id)
);
