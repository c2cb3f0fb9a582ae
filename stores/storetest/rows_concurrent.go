package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-downtime/downtime/core"
)

func rowsTwoHandles(t reporter, e *env) {
	if e.second == nil {
		t.Skip("Options.Second is nil: there can be no second handle")
	}
	st, _ := e.written(t)
	other := e.second(st)
	e.report(t, st, row("a"))
	e.requireIDs(t, other, "a")
	e.report(t, other, row("b"))
	e.requireIDs(t, st, "a", "b")
	changed := row("b")
	changed.InFlight, changed.Drained, changed.Refuses = 0, false, []string{}
	e.report(t, other, changed)
	_, rows := e.rows(t, st)
	requireRow(t, changed, rows[1])
	if err := fleet(t, other).Leave(e.ctx, "b"); err != nil {
		t.Fatalf("Leave: %v", err)
	}
	e.requireIDs(t, st, "a")
}

func rowsConcurrent(t reporter, e *env) {
	st, _ := e.written(t)
	handles := e.handles(st)
	fleets := []core.Fleet{}
	for _, handle := range handles {
		fleets = append(fleets, fleet(t, handle))
	}
	errs := make([]error, writers)
	want := []string{}
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for w := range writers {
		for j := range writesPerWriter {
			want = append(want, rowID(w*writesPerWriter+j))
		}
		wg.Go(func() {
			<-begin
			errs[w] = reportMany(e.ctx, fleets[w%len(fleets)], want[w*writesPerWriter:][:writesPerWriter])
		})
	}
	close(begin)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("%v", err)
	}
	for _, handle := range handles {
		e.requireIDs(t, handle, want...)
	}
}

// reportMany reports each of some rows twice, and one that then leaves.
func reportMany(ctx context.Context, f core.Fleet, ids []string) error {
	for _, id := range slices.Concat(ids, ids) {
		if _, _, err := f.Report(ctx, row(id), time.Minute); err != nil {
			return fmt.Errorf("Report of %s: %w", id, err)
		}
	}
	brief := ids[0] + "x"
	if _, _, err := f.Report(ctx, row(brief), time.Minute); err != nil {
		return fmt.Errorf("Report of %s: %w", brief, err)
	}
	if err := f.Leave(ctx, brief); err != nil {
		return fmt.Errorf("Leave of %s: %w", brief, err)
	}
	return nil
}

// rowsAtOnce writes a number into a row, then as the revision, then into another row. At
// no instant is the first number less than the revision, or the revision less than the
// other number; so who sees that has not looked at one instant.
func rowsAtOnce(t reporter, e *env) {
	st, state := e.written(t)
	handles := e.handles(st)
	reader := fleet(t, handles[len(handles)-1])
	report := func(id string, n int64) {
		i := row(id)
		i.InFlight = n
		e.report(t, st, i)
	}
	step := func(n int64, look func()) {
		report("first", n)
		look()
		e.commit(t, st, state.Mark, after(state.Document))
		look()
		state = e.load(t, st, state.Mark)
		report("last", n)
		look()
	}
	report("first", 1)
	report("last", 1)

	done, read := make(chan struct{}), make(chan error, 1)
	go func() { read <- watchRows(e.ctx, reader, done) }()
	stop := sync.OnceValue(func() error {
		close(done)
		return <-read
	})
	defer func() { _ = stop() }()
	for n := int64(2); n < 10; n++ {
		step(n, func() {
			if err := atOnce(e.ctx, reader); err != nil {
				t.Fatalf("between the writes: %v", err)
			}
		})
	}
	for n := int64(10); n < 40; n++ {
		step(n, func() {})
	}
	if err := stop(); err != nil {
		t.Fatalf("beside the writes: %v", err)
	}
}

func watchRows(ctx context.Context, f core.Fleet, done <-chan struct{}) error {
	for {
		select {
		case <-done:
			return nil
		default:
		}
		if err := atOnce(ctx, f); err != nil {
			return err
		}
	}
}

func atOnce(ctx context.Context, f core.Fleet) error {
	state, rows, err := f.Instances(ctx)
	if err != nil {
		return fmt.Errorf("Instances: %w", err)
	}
	if len(rows) != 2 || state.Document == nil {
		return fmt.Errorf("Instances: document %v and %d rows, want one and 2", state.Document, len(rows))
	}
	if first, last := rows[0].InFlight, rows[1].InFlight; first < state.Document.Revision || state.Document.Revision < last {
		return fmt.Errorf("a row of %d, the document's revision %d and a row of %d were never there at one instant: the first is never less than the second, the second never less than the third",
			first, state.Document.Revision, last)
	}
	return nil
}
