CREATE TABLE IF NOT EXISTS {log} (
	app text NOT NULL,
	seq bigint NOT NULL,
	entry text NOT NULL,
	PRIMARY KEY (app, seq)
);
