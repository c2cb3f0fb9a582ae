package storetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/store"
)

// rowData is the part of data that rows need. The data's mu guards it.
type rowData struct {
	byKey    map[string]*rowMutant
	own      map[*mutant]map[string]*rowMutant // "keeps rows in the handle"
	older    map[string]*rowMutant             // the rows before the last PutRow
	since    time.Time
	sinceOf  map[*mutant]time.Time // "keeps Since in the handle"
	puts     int
	lists    int
	busy     bool // "fails beside another PutRow"
	pruned   map[string]bool
	refused  map[string]bool // "accepts a row at the second attempt"
	deleted  map[string]*mutant
	sinceOld time.Time // "is not young again"
}

// rowMutant is one row, or a tombstone.
type rowMutant struct {
	b, note     []byte
	seen, lease time.Time
	deleted     bool
	broken      bool
	order       int
}

// rowsOf is where m keeps its rows.
func (d *data) rowsOf(m *mutant) map[string]*rowMutant {
	r := &d.rows
	if r.byKey == nil {
		r.byKey, r.own = map[string]*rowMutant{}, map[*mutant]map[string]*rowMutant{}
		r.pruned, r.refused, r.deleted = map[string]bool{}, map[string]bool{}, map[string]*mutant{}
		r.sinceOf = map[*mutant]time.Time{}
	}
	if !d.is("keeps rows in the handle") {
		return r.byKey
	}
	if r.own[m] == nil {
		r.own[m] = map[string]*rowMutant{}
	}
	return r.own[m]
}

func (d *data) loseRows() {
	was, since := d.rows, d.rows.since
	d.rows = rowData{}
	switch d.fault {
	case "stays old after a loss":
		d.rows.since = since
	case "is not young again":
		d.rows.sinceOld = since
	case "finds its rows in a cache":
		d.rows.byKey, d.rows.since = was.byKey, since
		d.rows.deleted, d.rows.refused, d.rows.pruned, d.rows.sinceOf = was.deleted, was.refused, was.pruned, was.sinceOf
	}
}

// rowsAfterWrite is the effect of a write of the document on rows: nothing.
func (d *data) rowsAfterWrite(m *mutant) {
	switch d.fault {
	case "forgets rows with a write":
		clear(d.rowsOf(m))
	case "is as young as the last write":
		d.rows.since = d.clock()
	}
}

// touch writes another document, where rows count as writes. The caller holds mu.
func (d *data) touch() {
	d.bytes = append(slices.Clone(d.bytes), '+')
	d.token = store.TokenOf(d.bytes)
}

// prune removes rows that were kept long enough.
func (d *data) prune(kept map[string]*rowMutant, now time.Time) {
	for key, r := range kept {
		end := r.lease.Add(store.KeepRow)
		if r.deleted && !d.is("prunes a tombstone with its row") {
			end = r.seen.Add(store.KeepRow)
		}
		switch {
		case d.is("has leases that delete rows", "prunes at the end of a lease") && !r.deleted:
			end = r.lease
		case d.is("prunes after an hour") && !r.deleted, d.is("prunes a tombstone after an hour") && r.deleted:
			end = end.Add(time.Hour - store.KeepRow)
		case d.is("prunes after two days") && !r.deleted, d.is("keeps a tombstone for two days") && r.deleted:
			end = end.Add(store.KeepRow)
		case d.is("never prunes a row") && !r.deleted, d.is("never prunes a tombstone") && r.deleted:
			continue
		}
		if now.After(end) {
			d.rows.pruned[key] = true
			delete(kept, key)
		}
	}
}

func (d *data) checkRow(key string, b []byte) error {
	err := store.CheckRow(key, b)
	switch {
	case err == nil:
		return nil
	case d.is("takes any key") && len(b) <= store.MaxRow, d.is("takes any row") && len(b) > store.MaxRow,
		d.is("folds the case of a key") && key == "A", d.is("cuts long keys") && len(key) > store.MaxKey:
		return nil
	case d.is("names no field"):
		return errors.New("invalid")
	}
	return err
}

func (m *mutant) PutRow(ctx context.Context, key string, b []byte, lease time.Duration) (store.Token, time.Time, error) {
	d := m.data
	if err := d.checkRow(key, b); err != nil {
		return "", time.Time{}, err
	}
	if m.readOnly {
		if d.is("names read-only otherwise for rows") {
			return "", time.Time{}, errors.New("permission denied")
		}
		return "", time.Time{}, store.ErrReadOnly
	}
	if ctx.Err() != nil && d.is("puts a row under an ended context") {
		_, _, _ = m.PutRow(context.WithoutCancel(ctx), key, b, lease)
	}
	if err := d.enter(ctx, "PutRow"); err != nil {
		return "", time.Time{}, err
	}
	defer d.mu.Unlock()
	now := d.clock()
	kept := d.rowsOf(m)
	d.prune(kept, now)
	if err := m.refuse(kept, key, b); err != nil {
		return "", now, err
	}
	if d.is("refuses a row without a word") && kept[key] != nil && kept[key].deleted {
		return d.token, now, nil
	}
	switch {
	case d.is("looks for a tombstone first"):
		d.waitForAnother()
	case d.is("loses a row of a concurrent write"):
		kept = maps.Clone(kept)
		d.waitForAnother()
		d.rows.byKey = kept
	case d.is("fails beside another PutRow"):
		if d.rows.busy {
			return "", now, errors.New("locked")
		}
		d.rows.busy = true
		d.waitForAnother()
		d.rows.busy = false
	}
	was := kept[key]
	token := d.rowToken(key, was, now)
	if was == nil && d.is("reads the token before the row is visible") || was != nil && d.is("reads the token before the row is back") {
		lists := d.rows.lists
		d.waitUntil(func() bool { return d.rows.lists > lists })
	}
	m.putRow(kept, key, b, lease, now)
	if d.is("returns another clock's time") {
		now = now.Add(-time.Hour)
	}
	return token, now, nil
}

// refuse is the error of a PutRow that is refused.
func (m *mutant) refuse(kept map[string]*rowMutant, key string, b []byte) error {
	d := m.data
	was := kept[key]
	switch {
	case d.is("needs a document for a row") && d.token == "":
		return store.ErrLost
	case d.is("cannot keep an empty row") && len(b) == 0:
		return errors.New("not null")
	case d.is("never takes a pruned key again") && d.rows.pruned[key], d.is("refuses a row without a tombstone") && d.rows.deleted[key] != nil:
		return store.ErrRowDeleted
	case d.is("refuses all rows after a delete") && len(d.rows.deleted) > 0:
		return store.ErrRowDeleted
	case was == nil || !was.deleted || d.is("accepts a row after its delete", "refuses a row without a word"):
		return nil
	case d.is("knows tombstones by handle") && d.rows.deleted[key] != m:
		return nil
	case d.is("accepts a row at the second attempt") && d.rows.refused[key]:
		return nil
	case d.is("names a refused row otherwise"):
		return errors.New("duplicate key")
	case d.is("writes a row that it refuses"):
		was.deleted, was.note = false, nil
	}
	d.rows.refused[key] = true
	return store.ErrRowDeleted
}

// rowToken is the token that PutRow returns.
func (d *data) rowToken(key string, was *rowMutant, now time.Time) store.Token {
	back := was != nil && !was.lease.After(now)
	switch {
	case d.is("tells the token of nothing") && d.token == "":
		return store.TokenOf(nil)
	case d.is("tells the token of the deleted") && d.token == "":
		return d.before.Token
	case d.is("tells no token to a new row") && was == nil, d.is("tells no token after a tombstone") && d.rows.pruned[key], d.is("tells no token to a row that is back") && back:
		return ""
	case d.is("tells the token before") && d.before.Token != "":
		return d.before.Token
	case d.is("tells an old token to a live row") && was != nil && !back:
		return "old"
	}
	return d.token
}

// putRow keeps the row. The caller holds mu.
func (m *mutant) putRow(kept map[string]*rowMutant, key string, b []byte, lease time.Duration, now time.Time) {
	d := m.data
	r := &d.rows
	r.puts++
	r.older = maps.Clone(kept)
	was := kept[key]
	row := &rowMutant{b: slices.Clone(b), seen: now, lease: now.Add(lease), order: r.puts}
	switch {
	case d.is("keeps the caller's row"):
		row.b = b
	case d.is("strips NUL from rows"):
		row.b = bytes.ReplaceAll(row.b, []byte{0}, nil)
	case d.is("trims rows"):
		row.b = bytes.TrimSpace(row.b)
	case d.is("keeps 65,535 bytes of a row"):
		row.b = row.b[:min(len(b), 65_535)]
	case d.is("stamps by another clock"):
		row.seen, row.lease = row.seen.Add(-time.Hour), row.lease.Add(-time.Hour)
	case d.is("has leases of a minute"):
		row.lease = now.Add(time.Minute)
	case d.is("rounds leases to seconds"):
		row.lease = now.Add(lease.Truncate(time.Second))
	case was == nil:
	case d.is("keeps the first row"):
		row.b = was.b
	case d.is("appends to a row"):
		row.b = append(slices.Clone(was.b), b...)
	case d.is("keeps the first lease"):
		row.lease = was.lease
	case d.is("changes what was listed"):
		row.b = append(was.b[:0], b...)
	case d.is("never renews an expired row") && !was.lease.After(now):
		row.lease = was.lease
	}
	switch {
	case d.is("replaces all rows"):
		clear(kept)
	case d.is("keeps 100 rows") && len(kept) == 100:
		return
	case d.is("keeps 32 characters of a key"):
		key = key[:min(len(key), 32)]
	case d.is("counts a row as a write"):
		d.touch()
	}
	kept[key] = row
	if r.since.IsZero() || d.is("is as young as its last row") {
		r.since = now
		if d.is("is older than its first row") {
			r.since = now.Add(-time.Hour)
		}
		if !r.sinceOld.IsZero() {
			r.since = r.sinceOld
		}
	}
	if r.sinceOf[m].IsZero() {
		r.sinceOf[m] = now
	}
}

func (m *mutant) DeleteRow(ctx context.Context, key string, note []byte) error {
	d := m.data
	if err := d.checkRow(key, nil); err != nil && !d.is("deletes any key") {
		return err
	}
	if ctx.Err() != nil && d.is("deletes under an ended context") {
		_ = m.DeleteRow(context.WithoutCancel(ctx), key, note)
	}
	if err := d.enter(ctx, "DeleteRow"); err != nil {
		return err
	}
	defer d.mu.Unlock()
	kept, now := d.rowsOf(m), d.clock()
	row := &rowMutant{note: slices.Clone(note), seen: now, lease: now, deleted: true}
	was := kept[key]
	switch {
	case was == nil && d.is("deletes only what is there"), d.is("deletes nothing"):
		return nil
	case was == nil && d.is("cannot delete what is not there"):
		return errors.New("no such row")
	case was != nil && was.deleted:
		switch d.fault {
		case "replaces a tombstone":
			kept[key] = row
		case "renews a tombstone":
			was.seen = now
		case "cannot delete twice":
			return errors.New("no such row")
		case "deletes the tombstone":
			delete(kept, key)
		}
		return nil
	case d.is("deletes all rows"):
		clear(kept)
	case d.is("begins anew with a delete"):
		d.rows.since = now
	case d.is("counts a delete as a write"):
		d.touch()
	case d.is("loses the note"):
		row.note = nil
	case d.is("keeps the caller's note"):
		row.note = note
	case d.is("keeps 255 bytes of a note"):
		row.note = row.note[:min(len(note), 255)]
	case d.is("strips NUL from notes"):
		row.note = bytes.ReplaceAll(row.note, []byte{0}, nil)
	case was == nil:
	case d.is("stamps a tombstone as the row was"):
		row.seen = was.seen
	case d.is("prunes a tombstone with its row"):
		row.lease = was.lease
	case d.is("lists the row with its tombstone"):
		row.b = was.b
	}
	kept[key], d.rows.deleted[key] = row, m
	if d.is("deletes without a tombstone") || d.is("keeps no tombstone of an old row") && was != nil && now.After(was.lease) {
		delete(kept, key)
	}
	return nil
}

func (m *mutant) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	d := m.data
	if err := d.enter(ctx, "ListRows"); err != nil {
		return store.Rowset{}, err
	}
	defer d.mu.Unlock()
	d.rows.lists++
	kept := d.rowsOf(m)
	now := d.clock() // not after the document's: no row is expired before its lease ends
	d.prune(kept, now)
	blob, err := m.read(have)
	switch puts := d.rows.puts + 4; d.fault {
	case "reads the document before rows":
		d.waitUntil(func() bool { return d.rows.puts >= puts })
	case "reads rows before the document":
		kept = maps.Clone(kept)
		d.waitUntil(func() bool { return d.rows.puts >= puts })
		blob, err = m.read(have)
	case "lists older rows":
		if len(d.rows.older) == len(kept) {
			kept = d.rows.older
		}
	}
	set := store.Rowset{Blob: blob, Since: d.rows.since}
	set.Rows, err = d.list(kept, now), d.listBlob(&set, have, err)
	switch {
	case d.is("begins with a row") && len(kept) == 0:
		set.Rows = []store.Row{{Key: "a", Seen: d.clock(), Life: store.Live}}
	case d.is("lists no rows without a document") && d.token == "", d.is("lists no rows of a deleted document") && d.token == "" && d.written,
		d.is("lists no rows of a tampered document") && errors.Is(err, store.ErrTampered),
		d.is("lists no rows of the unchanged") && have != "":
		set.Rows = nil
	case d.is("has no Since"), d.is("is not there without a document") && d.token == "":
		set.Since = time.Time{}
	case d.is("keeps Since in the handle"):
		set.Since = d.rows.sinceOf[m]
	case d.is("moves Since to the first row") && len(kept) == 0:
		set.Since = d.clock().Add(-time.Hour)
	case d.is("was created in the future"):
		set.Since = d.clock().Add(time.Hour)
	case d.is("fails for a broken row") && slices.ContainsFunc(set.Rows, func(r store.Row) bool { return r.Err != nil }):
		return store.Rowset{}, errors.New("a row is broken")
	}
	return set, err
}

// listBlob changes the document that ListRows returns, and is the error beside it.
func (d *data) listBlob(set *store.Rowset, have store.Token, err error) error {
	unchanged := errors.Is(err, store.ErrUnchanged)
	switch {
	case unchanged && d.is("always lists the document"):
		set.Blob.Bytes = d.bytes
	case d.is("lists no time beside ErrTampered") && errors.Is(err, store.ErrTampered), unchanged && d.is("lists no time of the unchanged"), d.is("lists no time"),
		d.token == "" && d.is("lists no time without a document"):
		set.Blob.Now = time.Time{}
	case d.is("lists another clock's time"):
		set.Blob.Now = set.Blob.Now.Add(-time.Hour)
	case d.is("lists no document"), have != "" && d.is("never lists the document again"):
		set.Blob.Bytes = nil
	case d.is("lists an older document") && d.before.Token != "":
		set.Blob.Token, set.Blob.Bytes = d.before.Token, d.before.Bytes
	}
	if errors.Is(err, store.ErrLost) && d.is("lists the never written") {
		return store.ErrNeverWritten
	}
	if unchanged && !d.is("fails to list the unchanged") || d.is("has no error beside rows") {
		return nil
	}
	return err
}

// list is the part of kept that a reader gets.
func (d *data) list(kept map[string]*rowMutant, now time.Time) []store.Row {
	out := []store.Row{}
	for _, key := range slices.SortedFunc(maps.Keys(kept), d.order(kept)) {
		r := kept[key]
		if d.is("renews leases by listing") {
			r.lease = now.Add(time.Minute)
		}
		row := store.Row{Key: key, Bytes: slices.Clone(r.b), Note: slices.Clone(r.note), Seen: r.seen, Lease: r.lease, Life: d.life(r, now)}
		switch {
		case d.is("changes what was listed"):
			row.Bytes = r.b
		case d.is("lists a note with a row"):
			row.Note = []byte("note")
		case d.is("lists a row twice"):
			out = append(out, row)
		}
		if r.broken {
			switch d.fault {
			case "hides a broken row":
				continue
			case "hides rows after a broken one":
				return out
			case "calls a broken row live":
				row.Life = store.Live
			default:
				row.Life = store.Expired
			}
			if !d.is("gives the bytes of a broken row") {
				row.Bytes = nil
			}
			if !d.is("says nothing of a broken row") {
				row.Err = errors.New("broken")
			}
		}
		out = append(out, row)
	}
	return out
}

func (d *data) life(r *rowMutant, now time.Time) store.Life {
	end := r.lease
	switch d.fault {
	case "never expires a row":
		end = now.Add(time.Hour)
	case "expires rows early":
		end = end.Add(-2 * time.Hour)
	case "judges leases by another clock":
		end = end.Add(time.Minute)
	case "begins expired":
		end = r.seen
	}
	switch {
	case r.deleted:
		return store.Deleted
	case end.After(now):
		return store.Live
	}
	return store.Expired
}

func (d *data) order(kept map[string]*rowMutant) func(a, b string) int {
	switch d.fault {
	case "orders rows by time":
		return func(a, b string) int { return cmp.Compare(kept[a].order, kept[b].order) }
	case "orders keys as numbers":
		return func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) }
	case "orders letters before digits":
		letters := func(s string) string {
			return strings.Map(func(c rune) rune { return c ^ 0x40 }, s)
		}
		return func(a, b string) int { return strings.Compare(letters(a), letters(b)) }
	}
	return strings.Compare
}

// waitUntil lets go of the lock until done, or for a moment. The caller holds mu.
func (d *data) waitUntil(done func() bool) {
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for i := 0; i < 20 && !done(); i++ {
		d.mu.Unlock()
		<-again.C
		d.mu.Lock()
	}
}
