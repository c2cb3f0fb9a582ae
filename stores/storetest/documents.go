package storetest

import (
	"crypto/rand"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/go-downtime/downtime/core"
)

// when is an instant that has microseconds.
var when = time.Date(2026, time.November, 21, 2, 3, 4, 567891000, time.UTC)

// document is a document as core writes one, with a write id of its own.
func document(revision int64, periods ...core.Period) *core.Document {
	return &core.Document{
		Format: core.Format, StoreID: "storetest", Revision: revision, WriteID: rand.Text(),
		CloseRev: revision, Periods: append([]core.Period{}, periods...),
	}
}

// after is the document that follows d: one revision and the periods more.
func after(d *core.Document, periods ...core.Period) *core.Document {
	return document(d.Revision+1, append(slices.Clone(d.Periods), periods...)...)
}

// window is a small period.
func window(id string) core.Period {
	return core.Period{ID: id, Kind: core.Window, Start: when, End: when.Add(time.Hour), Enabled: true, Version: 1}
}

// full is a period with a value in every field.
func full(id string) core.Period {
	return core.Period{
		ID: id, Kind: core.Deployment, Start: when, End: when.Add(3 * time.Hour), ExpectedEnd: when.Add(time.Hour),
		Enabled: true, Emergency: true, Reason: "Moving to the new database.", Holder: "ann@host", Version: 7,
		CreatedBy: "ann", CreatedAt: when.Add(-time.Hour), UpdatedBy: "bob", UpdatedAt: when.Add(time.Minute),
	}
}

// requireSame fails t unless got is want, and names what differs.
func requireSame(t reporter, want, got *core.Document) {
	t.Helper()
	if got == nil {
		t.Fatalf("no document, want revision %d", want.Revision)
	}
	w, g := *want, *got
	w.Periods, g.Periods = nil, nil
	if !reflect.DeepEqual(w, g) {
		t.Fatalf("got document %+v, want %+v", g, w)
	}
	if got.Periods == nil {
		t.Fatalf("Periods are nil, want an empty slice at least")
	}
	if len(got.Periods) != len(want.Periods) {
		t.Fatalf("got %d periods, want %d", len(got.Periods), len(want.Periods))
	}
	for i := range want.Periods {
		if got.Periods[i] != want.Periods[i] {
			t.Fatalf("got period %d\n%+v, want\n%+v", i, got.Periods[i], want.Periods[i])
		}
	}
}

// requireMark fails t unless state carries the mark of its document.
func requireMark(t reporter, state core.State) {
	t.Helper()
	mark := state.Mark
	mark.Tag = "" // the store's own
	if mark != state.Document.Mark() {
		t.Fatalf("Mark is %+v, want that of the document, %+v", mark, state.Document.Mark())
	}
}

// requireConflict fails t unless err is ErrConflict.
func requireConflict(t reporter, err error, what string) {
	t.Helper()
	if !errors.Is(err, core.ErrConflict) {
		t.Fatalf("%s: got error %v, want ErrConflict", what, err)
	}
}

func number(i int) string { return "p-" + strconv.Itoa(i) }
