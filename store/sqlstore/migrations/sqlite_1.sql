CREATE TABLE IF NOT EXISTS {version} (
	version integer PRIMARY KEY,
	applied_at text NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS {state} (
	app text PRIMARY KEY,
	token text NOT NULL,
	document blob NOT NULL,
	written_at integer NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS {rows} (
	app text NOT NULL,
	row_key text NOT NULL,
	seen integer NOT NULL,
	lease integer NOT NULL,
	deleted integer,
	body blob,
	note blob,
	PRIMARY KEY (app, row_key)
) WITHOUT ROWID;
INSERT OR IGNORE INTO {version} (version) VALUES (1);
