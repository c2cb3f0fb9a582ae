// Package sqlstore keeps the document, and the rows of instances, in a database: PostgreSQL,
// MySQL, MariaDB or SQLite, through database/sql. It brings no driver, and it never closes
// the [database/sql.DB].
//
//	db, err := sql.Open("mysql", "app@tcp(db:3306)/shop?interpolateParams=true")
//	st, err := sqlstore.New(db, sqlstore.MySQL, sqlstore.Options{App: "shop"})
//
// `downtime init`, or [Store.Prepare], creates the tables. A database without them, or
// without the document of the application, is lost ([store.ErrLost]): a database cannot prove
// that there never was a document.
//
// # Requirements
//
// Connect to the primary. A replica is late, so a gate would open or close too late.
//
// Every statement stands alone, keeps nothing in the session and uses placeholders, so it
// works through a pooler in transaction mode. Drivers need these settings:
//
//   - pgx (its stdlib): Args of [Options] with pgx.QueryExecModeExec, or
//     default_query_exec_mode=exec in the connection string. Otherwise pgx prepares
//     statements that the next transaction does not find. Package pgstore does this, and
//     gets hints by LISTEN.
//   - go-sql-driver/mysql: interpolateParams=true. Otherwise each statement takes three round
//     trips: prepare, execute, close.
//   - SQLite: a time to wait for other writers, in modernc.org/sqlite
//     _pragma=busy_timeout(5000), better with _pragma=journal_mode(WAL). All processes must
//     be on one host.
//
// Times are whole microseconds since 1970 in UTC, in integer columns, by the clock of the
// database. SQLite uses the clock of the host, in whole milliseconds.
//
// A hand edit of the document alone does not change its token. A caller that already has the token
// does not see the edit. Every other caller gets [store.ErrTampered].
//
// # Cost
//
// A read is one statement. It returns the document only if the token changed. The renewal of
// a row is one statement on this row. A new row takes three statements. Each Store deletes
// old rows once an hour. On PostgreSQL each write also notifies [Store.Channel].
//
// No statement on rows reads or locks the document, except the read of the token and the
// list. These two take no locks, so a write of the document never waits for an instance.
//
// # Grants
//
// A gate needs, on PostgreSQL:
//
//	GRANT SELECT ON downtime_schema_version, downtime_state TO gate;
//	GRANT SELECT, INSERT, UPDATE, DELETE ON downtime_rows TO gate;
//
// and on MySQL and MariaDB:
//
//	GRANT SELECT ON shop.downtime_schema_version TO 'gate'@'%';
//	GRANT SELECT ON shop.downtime_state TO 'gate'@'%';
//	GRANT SELECT, INSERT, UPDATE, DELETE ON shop.downtime_rows TO 'gate'@'%';
//
// The command, and a gate with the operator's page, also need, on PostgreSQL:
//
//	GRANT INSERT, UPDATE ON downtime_state TO operator;
//
// and on MySQL and MariaDB:
//
//	GRANT INSERT, UPDATE ON shop.downtime_state TO 'operator'@'%';
//
// A gate without the grants on downtime_rows works, but no list and no barrier contains it:
// PutRow returns [store.ErrReadOnly]. [Store.Prepare] needs to own the tables. With a Schema,
// PostgreSQL also needs GRANT USAGE ON SCHEMA.
package sqlstore
