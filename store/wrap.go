package store

import "io"

// Wrap returns outer with the capabilities of inner that outer does not have itself: [Rows],
// [Hinter], [Preparer], [Keeper] and io.Closer. A decorator embeds the interface Store and
// overrides some of its methods; Wrap adds the rest:
//
//	type counting struct {
//		store.Store
//		reads atomic.Int64
//	}
//
//	func (c *counting) Get(ctx context.Context, have store.Token) (store.Blob, error) {
//		c.reads.Add(1)
//		return c.Store.Get(ctx, have)
//	}
//
//	st := store.Wrap(inner, &counting{Store: inner})
//
// The result has exactly the capabilities of inner and outer together. It always has a Close,
// which does nothing if neither has one.
func Wrap(inner, outer Store) Store {
	w := wrapped{Store: outer, closer: pick[io.Closer](inner, outer)}
	rows, hinter := pick[Rows](inner, outer), pick[Hinter](inner, outer)
	preparer, keeper := pick[Preparer](inner, outer), pick[Keeper](inner, outer)
	// Go cannot add a method at run time, so there is one type for each set of capabilities.
	type (
		R = Rows
		H = Hinter
		P = Preparer
		K = Keeper
	)
	set := 0
	for bit, has := range []bool{rows != nil, hinter != nil, preparer != nil, keeper != nil} {
		if has {
			set |= 1 << bit
		}
	}
	switch set {
	case 1:
		return struct {
			wrapped
			R
		}{w, rows}
	case 2:
		return struct {
			wrapped
			H
		}{w, hinter}
	case 3:
		return struct {
			wrapped
			R
			H
		}{w, rows, hinter}
	case 4:
		return struct {
			wrapped
			P
		}{w, preparer}
	case 5:
		return struct {
			wrapped
			R
			P
		}{w, rows, preparer}
	case 6:
		return struct {
			wrapped
			H
			P
		}{w, hinter, preparer}
	case 7:
		return struct {
			wrapped
			R
			H
			P
		}{w, rows, hinter, preparer}
	case 8:
		return struct {
			wrapped
			K
		}{w, keeper}
	case 9:
		return struct {
			wrapped
			R
			K
		}{w, rows, keeper}
	case 10:
		return struct {
			wrapped
			H
			K
		}{w, hinter, keeper}
	case 11:
		return struct {
			wrapped
			R
			H
			K
		}{w, rows, hinter, keeper}
	case 12:
		return struct {
			wrapped
			P
			K
		}{w, preparer, keeper}
	case 13:
		return struct {
			wrapped
			R
			P
			K
		}{w, rows, preparer, keeper}
	case 14:
		return struct {
			wrapped
			H
			P
			K
		}{w, hinter, preparer, keeper}
	case 15:
		return struct {
			wrapped
			R
			H
			P
			K
		}{w, rows, hinter, preparer, keeper}
	}
	return w
}

// wrapped is the part that every result of Wrap has.
type wrapped struct {
	Store

	closer io.Closer
}

func (w wrapped) Close() error {
	if w.closer == nil {
		return nil
	}
	return w.closer.Close()
}

// pick returns the capability T of outer, else that of inner, else nil.
func pick[T any](inner, outer Store) T {
	if c, ok := outer.(T); ok {
		return c
	}
	c, _ := inner.(T)
	return c
}
