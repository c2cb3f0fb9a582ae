package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// The parts of a store. Each answers with its name.
type (
	plain    struct{ p string }
	rows     struct{ r string }
	hinter   struct{ h string }
	preparer struct{ i string }
	keeper   struct{ k string }
	closer   struct{ c string }
)

func (p plain) Get(context.Context, store.Token) (store.Blob, error) {
	return store.Blob{}, errors.New(p.p)
}
func (p plain) Swap(context.Context, store.Token, []byte) error { return errors.New(p.p) }
func (p plain) Info() store.Info                                { return store.Info{Name: p.p} }

func (r rows) PutRow(context.Context, string, []byte, time.Duration) (store.Token, time.Time, error) {
	return "", time.Time{}, errors.New(r.r)
}
func (r rows) DeleteRow(context.Context, string, []byte) error { return errors.New(r.r) }
func (r rows) ListRows(context.Context, store.Token) (store.Rowset, error) {
	return store.Rowset{}, errors.New(r.r)
}

func (h hinter) Subscribe(func()) (cancel func())                  { return func() {} }
func (h hinter) Hints() (ok bool, note string)                     { return true, h.h }
func (p preparer) Prepare(context.Context) error                   { return errors.New(p.i) }
func (k keeper) Keep(context.Context, store.Token) (string, error) { return k.k, nil }
func (c closer) Close() error                                      { return errors.New(c.c) }

// stores returns a store of this name for each of the 16 sets of capabilities. The bits of
// the index are rows, hints, preparing and keeping.
func stores(name string) [16]store.Store {
	s, r, h, p, k := plain{name}, rows{name}, hinter{name}, preparer{name}, keeper{name}
	return [16]store.Store{
		0b0000: s,
		0b0001: struct {
			plain
			rows
		}{s, r},
		0b0010: struct {
			plain
			hinter
		}{s, h},
		0b0011: struct {
			plain
			rows
			hinter
		}{s, r, h},
		0b0100: struct {
			plain
			preparer
		}{s, p},
		0b0101: struct {
			plain
			rows
			preparer
		}{s, r, p},
		0b0110: struct {
			plain
			hinter
			preparer
		}{s, h, p},
		0b0111: struct {
			plain
			rows
			hinter
			preparer
		}{s, r, h, p},
		0b1000: struct {
			plain
			keeper
		}{s, k},
		0b1001: struct {
			plain
			rows
			keeper
		}{s, r, k},
		0b1010: struct {
			plain
			hinter
			keeper
		}{s, h, k},
		0b1011: struct {
			plain
			rows
			hinter
			keeper
		}{s, r, h, k},
		0b1100: struct {
			plain
			preparer
			keeper
		}{s, p, k},
		0b1101: struct {
			plain
			rows
			preparer
			keeper
		}{s, r, p, k},
		0b1110: struct {
			plain
			hinter
			preparer
			keeper
		}{s, h, p, k},
		0b1111: struct {
			plain
			rows
			hinter
			preparer
			keeper
		}{s, r, h, p, k},
	}
}

// answers asks every capability that st has for its name.
func answers(st store.Store) [4]string {
	ctx := context.Background()
	var names [4]string
	if r, ok := st.(store.Rows); ok {
		names[0] = r.DeleteRow(ctx, "", nil).Error()
	}
	if h, ok := st.(store.Hinter); ok {
		_, names[1] = h.Hints()
	}
	if p, ok := st.(store.Preparer); ok {
		names[2] = p.Prepare(ctx).Error()
	}
	if k, ok := st.(store.Keeper); ok {
		names[3], _ = k.Keep(ctx, "")
	}
	return names
}

func TestWrapKeepsExactlyTheCapabilitiesOfBoth(t *testing.T) {
	t.Parallel()
	for i, inner := range stores("inner") {
		for o, outer := range stores("outer") {
			var want [4]string
			for bit := range want {
				switch {
				case o>>bit&1 == 1:
					want[bit] = "outer"
				case i>>bit&1 == 1:
					want[bit] = "inner"
				}
			}
			st := store.Wrap(inner, outer)
			require.Equal(t, want, answers(st), "inner has %04b, outer has %04b", i, o)
			_, err := st.Get(t.Context(), "")
			require.EqualError(t, err, "outer", "the required methods are those of outer")
			require.EqualError(t, st.Swap(t.Context(), "", nil), "outer")
			require.Equal(t, "outer", st.Info().Name)
		}
	}
}

func TestWrapCloses(t *testing.T) {
	t.Parallel()
	closing := func(name string) store.Store {
		return struct {
			plain
			closer
		}{plain{name}, closer{name}}
	}
	for name, tc := range map[string]struct {
		inner, outer store.Store
		want         string
	}{
		"neither": {plain{"inner"}, plain{"outer"}, ""},
		"inner":   {closing("inner"), plain{"outer"}, "inner"},
		"outer":   {plain{"inner"}, closing("outer"), "outer"},
		"both":    {closing("inner"), closing("outer"), "outer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, ok := store.Wrap(tc.inner, tc.outer).(io.Closer)
			require.True(t, ok)
			if tc.want == "" {
				require.NoError(t, c.Close())
			} else {
				require.EqualError(t, c.Close(), tc.want)
			}
		})
	}
}

func TestWrapOfAWrappedStoreKeepsItsCapabilities(t *testing.T) {
	t.Parallel()
	for i, inner := range stores("inner") {
		twice := store.Wrap(store.Wrap(inner, plain{"middle"}), plain{"outer"})
		require.Equal(t, answers(inner), answers(twice), "%04b", i)
	}
}

// counting counts the reads of a store and passes all other calls to it.
type counting struct {
	store.Store

	reads atomic.Int64
}

func (c *counting) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	c.reads.Add(1)
	return c.Store.Get(ctx, have)
}

func ExampleWrap() {
	ctx, inner := context.Background(), memstore.New()
	outer := &counting{Store: inner}
	st := store.Wrap(inner, outer)

	_, err := st.Get(ctx, "")
	_, hasRows := st.(store.Rows)
	_, prepares := st.(store.Preparer)
	fmt.Println(err)
	fmt.Println("reads:", outer.reads.Load(), "rows:", hasRows, "prepares:", prepares)
	// Output:
	// no document was ever written
	// reads: 1 rows: true prepares: false
}
