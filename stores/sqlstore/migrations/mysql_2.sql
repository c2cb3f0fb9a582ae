CREATE TABLE IF NOT EXISTS {log} (
	app varbinary(63) NOT NULL,
	seq bigint NOT NULL,
	entry longblob NOT NULL,
	PRIMARY KEY (app, seq)
) ENGINE = InnoDB;
