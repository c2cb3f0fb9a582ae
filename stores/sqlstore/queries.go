package sqlstore

import (
	"strconv"
	"strings"

	"github.com/go-downtime/downtime/core"
)

// queries are the statements of one store, with its tables' names and the dialect's
// placeholders. Their arguments are in the order in which they stand in the text.
type queries struct {
	version string // → version
	load    string // store_id, revision, write_id, app → now, version, store_id, revision, write_id, document or NULL
	insert  string // app, store_id, revision, write_id, document, entry and notification…
	update  string // store_id, revision, write_id, document, app, store_id, revision, write_id, entry and notification…
	log     string // app, entry, app
	trim    string // app, app
	entries string // app, how many → seq, entry
	report  string // app, id, lease, report → now, whether the row is new, store_id, revision, write_id; MySQL: and app → digest of the mark
	mark    string // app → now, store_id, revision, write_id
	leave   string // app, id
	prune   string // app, lease
	list    string // app, app → kind, key, n, write_id, m, body, now

	// oneStatement: insert and update write the log too, if the entry is not NULL, and take
	// it, a channel and a payload at their end.
	oneStatement bool
}

func queriesOf(kind Dialect, t tables) queries {
	now := map[Dialect]string{
		// Not now(): that is when the transaction began, which may have waited for a lock.
		PostgreSQL: `CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS bigint)`,
		// Whatever the session's time zone is.
		MySQL: `TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))`,
		// A Julian day has 40 µs of precision, SQLite's clock a millisecond.
		SQLite: `CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS integer) * 1000`,
	}[kind]
	q := queries{
		version: `SELECT MAX(version) FROM {version}`,
		// There is always a row, so that there is always the time.
		load: `SELECT {now}, (SELECT MAX(v.version) FROM {version} v), s.store_id, s.revision, s.write_id,
CASE WHEN s.store_id = ? AND s.revision = ? AND s.write_id = ? THEN NULL ELSE s.document END
FROM (SELECT 1 AS one) o LEFT JOIN {state} s ON s.app = ?`,
		insert: `INSERT INTO {state} (app, store_id, revision, write_id, document, written_at) VALUES (?, ?, ?, ?, ?, {now})`,
		update: `UPDATE {state} SET store_id = ?, revision = ?, write_id = ?, document = ?, written_at = {now}
WHERE app = ? AND store_id = ? AND revision = ? AND write_id = ?`,
		// Who has written the row of the application has it locked: nobody else is at these.
		log: `INSERT INTO {log} (app, seq, entry) SELECT ?, COALESCE(MAX(seq), 0) + 1, ? FROM {log} WHERE app = ?`,
		// MySQL deletes from no table that it reads, but from one that it has read.
		trim:    `DELETE FROM {log} WHERE app = ? AND seq <= (SELECT t.n FROM (SELECT MAX(seq) - {max} AS n FROM {log} WHERE app = ?) t)`,
		entries: `SELECT seq, entry FROM {log} WHERE app = ? ORDER BY seq DESC LIMIT ?`,
		report: `INSERT INTO {instances} (app, id, seen, lease, report)
SELECT {text}, {text}, t.now, t.now + ?, {text} FROM (SELECT {now} AS now) t WHERE 1 = 1`,
		mark:  `SELECT {now}, s.store_id, s.revision, s.write_id FROM (SELECT 1 AS one) o LEFT JOIN {state} s ON s.app = ?`,
		leave: `DELETE FROM {instances} WHERE app = ? AND id = ?`,
		prune: `DELETE FROM {instances} WHERE app = ? AND lease < ?`,
		// One statement, so that state and rows are of one moment.
		list: `SELECT 0, s.store_id, s.revision, s.write_id, (SELECT MAX(v.version) FROM {version} v), s.document, {now}
FROM (SELECT 1 AS one) o LEFT JOIN {state} s ON s.app = ?
UNION ALL
SELECT 1, i.id, i.seen, NULL, i.lease, i.report, 0 FROM {instances} i WHERE i.app = ?`,
	}
	const excluded = ` ON CONFLICT (app, id) DO UPDATE SET seen = excluded.seen, lease = excluded.lease, report = excluded.report`
	const once = ` ON CONFLICT (app) DO NOTHING`
	text := "?"
	switch kind {
	case PostgreSQL:
		// The entry is written, and the notification goes out, with the write or not at all.
		// No part sees what another has written: the log is that of before.
		const with = ` RETURNING app), l AS (INSERT INTO {log} (app, seq, entry)
SELECT w.app, 1 + (SELECT COALESCE(MAX(g.seq), 0) FROM {log} g WHERE g.app = w.app), e.entry
FROM w, (SELECT CAST(? AS text) AS entry) e WHERE e.entry IS NOT NULL),
d AS (DELETE FROM {log} g USING w WHERE g.app = w.app AND g.seq <= (SELECT MAX(m.seq) - {max} + 1 FROM {log} m WHERE m.app = w.app))
SELECT pg_notify(?, ?) FROM w`
		q.insert, q.update = `WITH w AS (`+q.insert+once+with, `WITH w AS (`+q.update+with
		q.oneStatement = true
		// A row that was inserted has no older version that somebody locked or deleted.
		q.report = `WITH r AS (` + q.report + excluded + ` RETURNING app, seen, xmax = 0 AS fresh)
SELECT r.seen, r.fresh, s.store_id, s.revision, s.write_id FROM r LEFT JOIN {state} s ON s.app = r.app`
		text = "CAST(? AS text)"
	case SQLite:
		q.insert += once
		// Writers exclude each other, and see everything: it does not matter whether the
		// row is new.
		q.report += excluded + ` RETURNING seen, 0, (SELECT store_id FROM {state} s WHERE s.app = {instances}.app),
(SELECT revision FROM {state} s WHERE s.app = {instances}.app), (SELECT write_id FROM {state} s WHERE s.app = {instances}.app)`
	case MySQL:
		// An INSERT returns no rows there. But LAST_INSERT_ID(x) makes x what it reports as
		// its last id: the digest of the mark, by which a Store knows one that it has read.
		q.report = `INSERT INTO {instances} (app, id, seen, lease, report)
SELECT ?, ?, t.now, t.now + ?, ? FROM (SELECT {now} AS now) t LEFT JOIN {state} s ON s.app = ?
ON DUPLICATE KEY UPDATE seen = VALUES(seen), report = VALUES(report), lease = VALUES(lease) + 0 * LAST_INSERT_ID(
COALESCE(CAST(CONV(LEFT(SHA2(CONCAT(s.store_id, '/', s.revision, '/', s.write_id), 256), 15), 16, 10) AS unsigned), 0))`
	}
	names := strings.NewReplacer("{now}", now, "{text}", text, "{state}", t.state, "{instances}", t.instances, "{log}", t.log,
		"{version}", t.version, "{max}", strconv.Itoa(core.MaxEntries))
	for _, query := range []*string{&q.version, &q.load, &q.insert, &q.update, &q.log, &q.trim, &q.entries, &q.report, &q.mark, &q.leave, &q.prune, &q.list} {
		*query = placeholders(kind, names.Replace(*query))
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
