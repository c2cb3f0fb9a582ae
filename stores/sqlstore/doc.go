// Package sqlstore keeps a document, and the rows of the instances that follow it, in a
// database: PostgreSQL, MySQL, MariaDB or SQLite, through database/sql. It brings no
// driver, and never closes the [database/sql.DB] that it is given.
//
//	db, err := sql.Open("mysql", "app@tcp(db:3306)/shop?interpolateParams=true")
//	store, err := sqlstore.New(db, sqlstore.MySQL, sqlstore.Options{App: "shop"})
//
// The tables are made by `downtime init`, or by [Store.Migrate], and by nothing else. A
// database without them, or without the application's document, is lost ([core.ErrLost]),
// never "up".
//
// # What it needs of the database
//
// Always the primary: a replica is late, and may say "up" for as long as that. Every
// statement stands alone, keeps nothing in the session, and names its values by
// placeholders; so it works through a pooler in transaction mode. A write and its entry in
// the log are one statement on PostgreSQL, and one transaction of three statements elsewhere.
// Drivers need a word about that:
//
//   - pgx (its stdlib): Args of [Options] with pgx.QueryExecModeExec, or
//     default_query_exec_mode=exec in the connection string, else pgx prepares statements
//     that the next transaction does not find. Package pgstore does this, and is told of
//     changes by LISTEN.
//   - go-sql-driver/mysql: interpolateParams=true, else every statement is prepared,
//     executed and closed, in three round trips.
//   - SQLite: a time to wait for other writers, in modernc.org/sqlite
//     _pragma=busy_timeout(5000), better with _pragma=journal_mode(WAL). All processes
//     must be on one host.
//
// Times are whole microseconds since 1970 in UTC, in integer columns, and are the
// database's own: clock_timestamp() of PostgreSQL, UTC_TIMESTAMP(6) of MySQL. SQLite's
// clock is this host's, in whole milliseconds.
//
// A document of 10,000 periods with long texts has some 10 MB. MySQL takes it only if
// max_allowed_packet lets it.
//
// # Cost
//
// A read is one statement, which brings the document only if it has changed. A report is
// one statement; the first one of an instance is one more, on MySQL and MariaDB also the
// first one after a change, and once an hour one removes rows that nobody will renew. On PostgreSQL each write also
// notifies [Store.Channel].
//
// # Grants
//
// A gate needs, on PostgreSQL:
//
//	GRANT SELECT ON downtime_schema_version, downtime_state TO gate;
//	GRANT SELECT, INSERT, UPDATE, DELETE ON downtime_instances TO gate;
//
// and on MySQL and MariaDB:
//
//	GRANT SELECT ON shop.downtime_schema_version TO 'gate'@'%';
//	GRANT SELECT ON shop.downtime_state TO 'gate'@'%';
//	GRANT SELECT, INSERT, UPDATE, DELETE ON shop.downtime_instances TO 'gate'@'%';
//
// Whoever takes the site down and brings it back, a gate with the operator's page as well
// as the command, needs beside these, on PostgreSQL:
//
//	GRANT INSERT, UPDATE ON downtime_state TO operator;
//	GRANT SELECT, INSERT, DELETE ON downtime_log TO operator;
//
// and on MySQL and MariaDB:
//
//	GRANT INSERT, UPDATE ON shop.downtime_state TO 'operator'@'%';
//	GRANT SELECT, INSERT, DELETE ON shop.downtime_log TO 'operator'@'%';
//
// A gate without the grants on downtime_instances works, but
// no barrier and no list can see it: Report is [core.ErrReadOnly]. [Store.Migrate] needs
// to own the tables. With a Schema of its own, PostgreSQL also asks for
// GRANT USAGE ON SCHEMA.
package sqlstore
