CREATE TABLE IF NOT EXISTS {version} (
	version int NOT NULL PRIMARY KEY,
	applied_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
) ENGINE = InnoDB;
CREATE TABLE IF NOT EXISTS {state} (
	app varbinary(63) NOT NULL PRIMARY KEY,
	store_id varbinary(255) NOT NULL,
	revision bigint NOT NULL,
	write_id varbinary(255) NOT NULL,
	document longblob NOT NULL,
	written_at bigint NOT NULL
) ENGINE = InnoDB;
CREATE TABLE IF NOT EXISTS {instances} (
	app varbinary(63) NOT NULL,
	id varbinary(255) NOT NULL,
	seen bigint NOT NULL,
	lease bigint NOT NULL,
	report longblob NOT NULL,
	PRIMARY KEY (app, id)
) ENGINE = InnoDB;
