CREATE TABLE IF NOT EXISTS {version} (
	version int NOT NULL PRIMARY KEY,
	applied_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
) ENGINE = InnoDB;
CREATE TABLE IF NOT EXISTS {state} (
	app varbinary(63) NOT NULL PRIMARY KEY,
	token varbinary(64) NOT NULL,
	document longblob NOT NULL,
	written_at bigint NOT NULL
) ENGINE = InnoDB;
CREATE TABLE IF NOT EXISTS {rows} (
	app varbinary(63) NOT NULL,
	row_key varbinary(64) NOT NULL,
	seen bigint NOT NULL,
	lease bigint NOT NULL,
	deleted bigint,
	body longblob,
	note longblob,
	PRIMARY KEY (app, row_key)
) ENGINE = InnoDB;
INSERT IGNORE INTO {version} (version) VALUES (1);
