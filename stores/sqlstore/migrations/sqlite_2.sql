CREATE TABLE IF NOT EXISTS {log} (
	app text NOT NULL,
	seq integer NOT NULL,
	entry text NOT NULL,
	PRIMARY KEY (app, seq)
) WITHOUT ROWID;
