package operator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// ErrFollowed means that another live process follows under this name.
var ErrFollowed = errors.New("another process follows under this name")

// Follow makes the process with this row the follower of this name. If no process has followed under
// the name yet, first returns the position at which the follower begins.
//
// Follow, Advance and Unfollow change only [period.Document.Followers], and keep revision and write
// id. For a gate, a barrier and another operator this is no change of the document.
//
// Errors: [ErrFollowed] if the row of another process that follows is live; [ErrNothingWritten] if
// there is no document, or one that was written by hand and has no store_id; [ErrNoRows],
// [ErrNotReadableByAll]; a joined *[period.FieldError].
func (o Operator) Follow(ctx context.Context, name, holder string, first func(s State) period.Follower) (period.Follower, error) {
	var now period.Follower
	err := o.changeFollower(ctx, name, func(b base, f *period.Follower) (*period.Follower, error) {
		switch {
		case f == nil:
			f = new(first(b.State))
			f.Name = name
		case f.Holder != holder:
			if err := free(b.rows, f); err != nil {
				return nil, err
			}
		}
		f.Holder = holder
		now = *f
		return f, nil
	})
	return now, err
}

// Advance writes the position of a follower. With another holder in the document, it changes nothing
// and returns [ErrTakenOver]. An empty next.Holder says that no process follows any more; holder is
// the row that this process has followed with. The other errors are those of [Operator.Follow].
func (o Operator) Advance(ctx context.Context, holder string, next period.Follower) error {
	return o.changeFollower(ctx, next.Name, func(_ base, f *period.Follower) (*period.Follower, error) {
		if f == nil || f.Holder != holder {
			return nil, ErrTakenOver
		}
		return &next, nil
	})
}

// Unfollow removes the follower with this name and its position.
//
// Errors: [ErrFollowed] if a live process follows; [ErrNotFound]; those of [Operator.Follow].
func (o Operator) Unfollow(ctx context.Context, name string) error {
	return o.changeFollower(ctx, name, func(b base, f *period.Follower) (*period.Follower, error) {
		if f == nil {
			return nil, fmt.Errorf("follower %q: %w", name, ErrNotFound)
		}
		return nil, free(b.rows, f)
	})
}

// free returns [ErrFollowed] if a live process follows as f. The error is the same after each renewal of
// its row.
func free(rows []store.Row, f *period.Follower) error {
	row, life := rowOf(rows, f.Holder)
	switch {
	case life != store.Live:
		return nil
	case row.ID == "":
		return fmt.Errorf("%w: the process with the row %s", ErrFollowed, f.Holder)
	}
	return fmt.Errorf("%w: process %d on %s", ErrFollowed, row.PID, cmp.Or(row.Host, "an unknown host"))
}

// Following is a follower in the document, with the process that follows.
type Following struct {
	period.Follower

	// Row is the row of the process. Its ID is "" if there is none.
	Row period.Row
	// Live reports that the process reported within its lease.
	Live bool
}

// Followers lists the followers in the document, by name.
//
// Errors: [ErrNoRows]; a *[StoreError]; [ErrUnreadable].
func (o Operator) Followers(ctx context.Context) ([]Following, State, error) {
	b, err := o.base(ctx, &write{needRows: true})
	if err != nil || b.Document == nil {
		return nil, b.State, err
	}
	var all []Following
	for _, f := range b.Document.Followers {
		row, life := rowOf(b.rows, f.Holder)
		all = append(all, Following{Follower: f, Row: row, Live: life == store.Live})
	}
	slices.SortFunc(all, func(a, b Following) int { return cmp.Compare(a.Name, b.Name) })
	return all, b.State, nil
}

// changeFollower is one compare-and-swap that changes, adds or removes a follower. change gets a copy
// of the follower, nil if there is none, and returns what replaces it, nil if it is removed.
func (o Operator) changeFollower(ctx context.Context, name string, change func(b base, f *period.Follower) (*period.Follower, error)) error {
	if err := period.NameFault(name); err != nil {
		return err
	}
	for attempt := range swapAttempts {
		if attempt > 0 {
			if err := backOff(ctx, attempt); err != nil {
				return err
			}
		}
		b, err := o.base(ctx, &write{needRows: true})
		if err != nil {
			return err
		}
		if b.Document == nil || b.Document.StoreID == "" {
			return ErrNothingWritten
		}
		next := *b.Document
		var was *period.Follower
		if f, found := next.Follower(name); found {
			was = &f
		}
		is, err := change(b, was)
		if err != nil {
			return err
		}
		next.Followers = slices.DeleteFunc(slices.Clone(next.Followers), func(f period.Follower) bool { return f.Name == name })
		if is != nil {
			next.Followers = append(next.Followers, *is)
		}
		text, err := o.encode(b, &next)
		if err != nil {
			return err
		}
		err = o.Store.Swap(ctx, b.Token, text)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, store.ErrConflict):
			return storeError(err)
		}
	}
	return fmt.Errorf("gave up after %d attempts: %w", swapAttempts, store.ErrConflict)
}
