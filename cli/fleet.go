package cli

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
	"github.com/go-downtime/downtime/stores/filestore"
)

// fleetTimeout is how long the command that has written something looks for the instances.
// What it has to say of its write does not wait longer.
const fleetTimeout = 2 * time.Second

// fleet is what a store says of its instances at an instant.
type fleet struct {
	state

	rows []core.Instance // by host, pid and id
}

// fleetOf reads document and rows at one instant.
func fleetOf(ctx context.Context, st core.Store) (fleet, error) {
	if d, ok := st.(*dryStore); ok {
		st = d.Store
	}
	read, rows, err := core.Instances(ctx, st)
	if err != nil {
		return fleet{}, err
	}
	return fleet{found(st, read), rows}, nil
}

// seen is what a command that writes says of the instances: nobody waits for them.
type seen struct {
	fleet

	err error // they could not be read
}

// look reads the instances for a command that has written. Nil: the store keeps no rows.
func look(ctx context.Context, st core.Store) *seen {
	ctx, cancel := context.WithTimeout(ctx, fleetTimeout)
	defer cancel()
	f, err := fleetOf(ctx, st)
	if errors.Is(err, core.ErrNoFleet) {
		return nil
	}
	return &seen{f, err}
}

// application is the application's name in a store that several share; "" if the store has
// no such name.
func application(st core.Store) string {
	if d, ok := st.(*dryStore); ok {
		st = d.Store
	}
	return wire.Application(st)
}

// knowsLoss reports whether st never takes "not written yet" for "gone".
func knowsLoss(st core.Store) bool {
	_, ok := st.(*filestore.Store)
	return ok
}

func (f fleet) life(i core.Instance) string { return wire.LifeOf(i, f.Time) }

func (f fleet) document(i core.Instance) string { return wire.StandingOf(i, f.Document.Mark()) }

func (f fleet) counts() wire.Counts { return f.Count(f.rows) }

// select are the rows that want likes.
func (f fleet) which(want func(i core.Instance) bool) []core.Instance {
	return slices.DeleteFunc(slices.Clone(f.rows), func(i core.Instance) bool { return !want(i) })
}

// rules are the instances that may serve, by the digest of their rules.
func (f fleet) rules() map[string][]core.Instance {
	out := map[string][]core.Instance{}
	for _, i := range f.rows {
		if f.life(i) != wire.Dead {
			out[i.Rules] = append(out[i.Rules], i)
		}
	}
	return out
}

// others are the instances whose rules are not those of most, and how many there are in
// all; none if all have the same. Of two halves the one with the smaller digest counts as
// most.
func (f fleet) others() (others []core.Instance, of int) {
	rules := f.rules()
	digests := slices.SortedFunc(maps.Keys(rules), func(x, y string) int {
		return cmp.Or(cmp.Compare(len(rules[y]), len(rules[x])), cmp.Compare(x, y))
	})
	for n, digest := range digests {
		of += len(rules[digest])
		if n > 0 {
			others = append(others, rules[digest]...)
		}
	}
	return others, of
}

// maxLead is how far ahead of the store's document a row is believed to be. Whoever may
// write a row may write any number, and a document cannot be lowered again.
const maxLead = 1_000_000

// ahead are the instances that have seen the highest revision of the store's document: of
// those that can be believed, and of the others. Their Revision is 0 where there are none.
func (f fleet) ahead() (seen, beyond core.Instance) {
	for _, i := range f.rows {
		switch {
		case f.Document == nil || i.StoreID != f.Document.StoreID:
		case i.Revision-f.Document.Revision > maxLead:
			if i.Revision > beyond.Revision {
				beyond = i
			}
		case i.Revision > seen.Revision:
			seen = i
		}
	}
	return seen, beyond
}

func instanceName(i core.Instance) string {
	return safe(i.Host) + "/" + strconv.Itoa(i.PID)
}
