// Package dry tries out writes on a store without writing to it.
package dry

import (
	"bytes"
	"context"
	"errors"

	"github.com/go-downtime/downtime/store"
)

// Store returns a store that reads from st and keeps its writes in memory. An operation has the same
// result on it as on st. It is for one goroutine.
func Store(st store.Store) store.Store {
	d := &dryStore{Store: st}
	var outer store.Store = d
	if rows, ok := st.(store.Rows); ok {
		outer = store.Wrap(outer, dryRows{Store: d, Rows: rows, dry: d})
	}
	if _, ok := st.(store.Keeper); ok {
		outer = store.Wrap(outer, dryKeeper{outer})
	}
	return store.Wrap(st, outer)
}

type dryStore struct {
	store.Store

	written []byte
}

func (d *dryStore) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	return d.over(d.Store.Get(ctx, have))
}

// over returns the written document in place of the one that was read.
func (d *dryStore) over(blob store.Blob, err error) (store.Blob, error) {
	if d.written == nil {
		return blob, err
	}
	return store.Blob{Token: store.TokenOf(d.written), Bytes: d.written, Now: blob.Now}, nil
}

func (d *dryStore) Swap(_ context.Context, _ store.Token, next []byte) error {
	d.written = bytes.Clone(next)
	return nil
}

// dryRows returns the rows of the store beside the written document.
type dryRows struct {
	store.Store
	store.Rows

	dry *dryStore
}

func (d dryRows) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	set, err := d.Rows.ListRows(ctx, have)
	if err == nil || errors.Is(err, store.ErrNeverWritten) || errors.Is(err, store.ErrLost) {
		set.Blob, err = d.dry.over(set.Blob, err)
	}
	return set, err
}

// dryKeeper keeps nothing.
type dryKeeper struct{ store.Store }

func (dryKeeper) Keep(context.Context, store.Token) (string, error) {
	return "a place that the write will name", nil
}
