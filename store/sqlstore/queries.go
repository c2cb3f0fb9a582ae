package sqlstore

import (
	"strconv"
	"strings"

	"github.com/go-downtime/downtime/store"
)

// queries are the statements of one store, with its tables' names and the dialect's
// placeholders. Each comment lists the arguments in the order of the text, then the columns.
type queries struct {
	version string // → version
	tables  string // → version; fails if a table is missing
	get     string // have, app → now, version, token, document or NULL
	insert  string // app, token, document; PostgreSQL: channel
	update  string // token, document, app, token; PostgreSQL: channel
	renew   string // lease, body, app, key → seen
	put     string // app, key, lease, body, app
	delete  string // app, key, note, app
	look    string // app, again app, key → now, token, deleted
	prune   string // app
	list    string // have, app, again app → kind, key, seen, lease, deleted, body, note
}

// The rows table holds one row with an empty key for each application. Its column seen is
// the time at which the set of rows was created. A statement that inserts a row inserts this
// one too, so both are lost together.
func queriesOf(kind Dialect, t tables) queries {
	now := map[Dialect]string{
		// now() is the time at which the transaction began, before it waited for a lock.
		PostgreSQL: `CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS bigint)`,
		// UTC_TIMESTAMP does not depend on the session's time zone.
		MySQL: `TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))`,
		// A Julian day has a precision of 40 µs, and SQLite's clock one of 1 ms.
		SQLite: `CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS integer) * 1000`,
	}[kind]
	q := queries{
		version: `SELECT MAX(version) FROM {version}`,
		tables:  `SELECT MAX(v.version) FROM {version} v LEFT JOIN {state} s ON 1 = 0 LEFT JOIN {rows} r ON 1 = 0`,
		// The outer join returns the time also if there is no document.
		get: `SELECT {now}, (SELECT MAX(v.version) FROM {version} v), s.token,
CASE WHEN s.token = ? THEN NULL ELSE s.document END
FROM (SELECT 1 AS one) o LEFT JOIN {state} s ON s.app = ?`,
		insert: `INSERT INTO {state} (app, token, document, written_at) VALUES (?, ?, ?, {now})`,
		update: `UPDATE {state} SET token = ?, document = ?, written_at = {now} WHERE app = ? AND token = ?`,
		renew: `UPDATE {rows} SET seen = {now}, lease = {now} + ?, body = ?
WHERE app = ? AND row_key = ? AND deleted IS NULL AND lease > {now}`,
		put:    `{upsert} (?, ?, {now}, {now} + ?, NULL, ?, NULL), {set}`,
		delete: `{upsert} (?, ?, {now}, {now}, {now}, NULL, ?), {set}`,
		look: `SELECT {now}, s.token, r.deleted FROM (SELECT 1 AS one) o
LEFT JOIN {state} s ON s.app = ? LEFT JOIN {rows} r ON r.app = ? AND r.row_key = ?`,
		// The lease of a tombstone ends when the row is deleted.
		prune: `DELETE FROM {rows} WHERE app = ? AND row_key <> '' AND lease < {now} - {keep}`,
		// One statement reads one state of both tables. Kind 0 is the document: its token,
		// the version, the time.
		list: `SELECT 0, s.token, (SELECT MAX(v.version) FROM {version} v), {now}, NULL,
CASE WHEN s.token = ? THEN NULL ELSE s.document END, NULL
FROM (SELECT 1 AS one) o LEFT JOIN {state} s ON s.app = ?
UNION ALL
SELECT 1, r.row_key, r.seen, r.lease, r.deleted, r.body, r.note FROM {rows} r WHERE r.app = ?`,
	}
	upsert := `INSERT INTO {rows} AS r (app, row_key, seen, lease, deleted, body, note) VALUES`
	// A tombstone, and the row with an empty key, stay as they are.
	conflict := ` ON CONFLICT (app, row_key) DO UPDATE
SET seen = excluded.seen, lease = excluded.lease, body = excluded.body, note = excluded.note, deleted = excluded.deleted
WHERE excluded.row_key <> '' AND (r.deleted IS NULL OR r.deleted < excluded.seen - {keep})`
	switch kind {
	case PostgreSQL:
		// The notification is delivered with the write, or not at all.
		const notify = ` RETURNING token) SELECT pg_notify(?, token) FROM w`
		q.insert = `WITH w AS (` + q.insert + ` ON CONFLICT (app) DO NOTHING` + notify
		q.update = `WITH w AS (` + q.update + notify
		q.renew += ` RETURNING seen`
	case SQLite:
		q.insert += ` ON CONFLICT (app) DO NOTHING`
		q.renew += ` RETURNING seen`
	case MySQL:
		// UPDATE returns no rows there. LAST_INSERT_ID(x) makes x the last insert id that the
		// answer reports.
		q.renew = strings.Replace(q.renew, `seen = {now}`, `seen = LAST_INSERT_ID({now})`, 1)
		upsert = strings.Replace(upsert, ` AS r`, ``, 1)
		// The assignments run from left to right: the last one changes a column that the
		// condition reads.
		columns := []string{"seen", "lease", "body", "note", "deleted"}
		for i, c := range columns {
			columns[i] = c + ` = IF(VALUES(row_key) <> '' AND (deleted IS NULL OR deleted < VALUES(seen) - {keep}), VALUES(` + c + `), ` + c + `)`
		}
		conflict = ` ON DUPLICATE KEY UPDATE ` + strings.Join(columns, ", ")
	}
	names := strings.NewReplacer("{now}", now, "{state}", t.state, "{rows}", t.rows, "{version}", t.version,
		"{keep}", strconv.FormatInt(store.KeepRow.Microseconds(), 10))
	parts := strings.NewReplacer("{upsert}", upsert, "{set}", `(?, '', {now}, {now}, NULL, NULL, NULL)`+conflict) //nolint:dupword // SQL
	for _, query := range []*string{&q.version, &q.tables, &q.get, &q.insert, &q.update, &q.renew, &q.put, &q.delete, &q.look, &q.prune, &q.list} {
		*query = placeholders(kind, names.Replace(parts.Replace(*query)))
	}
	return q
}

// placeholders writes those of the dialect for each "?".
func placeholders(kind Dialect, query string) string {
	if kind != PostgreSQL {
		return query
	}
	var b strings.Builder
	for i, part := range strings.Split(query, "?") {
		if i > 0 {
			b.WriteString("$" + strconv.Itoa(i))
		}
		b.WriteString(part)
	}
	return b.String()
}
