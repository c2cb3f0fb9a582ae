CREATE TABLE {version} (
	version integer PRIMARY KEY,
	applied_at text NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE {state} (
	app text PRIMARY KEY,
	store_id text NOT NULL,
	revision integer NOT NULL,
	write_id text NOT NULL,
	document text NOT NULL,
	written_at integer NOT NULL
) WITHOUT ROWID;
CREATE TABLE {instances} (
	app text NOT NULL,
	id text NOT NULL,
	seen integer NOT NULL,
	lease integer NOT NULL,
	report text NOT NULL,
	PRIMARY KEY (app, id)
) WITHOUT ROWID;
