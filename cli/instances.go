package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// fleetTimeout is how long a command waits for the rows of the instances if they are not all
// that it shows.
const fleetTimeout = 2 * time.Second

// fleet is the judgment of the instances by all periods in force.
type fleet struct {
	operator.Judgment

	rows error // why there are no rows; nil if they were read
}

func (s session) fleet(ctx context.Context) (fleet, error) {
	j, err := s.op.Fleet(ctx)
	return fleet{Judgment: j}, err
}

// look reads document and rows, and the document alone if the rows cannot be read. The error is
// that of the document.
func (s session) look(ctx context.Context) (fleet, error) {
	limited, cancel := context.WithTimeout(ctx, fleetTimeout)
	defer cancel()
	f, err := s.fleet(limited)
	if err == nil {
		return f, f.Err
	}
	f.rows = err
	f.State, f.Err = s.op.Read(ctx)
	return f, f.Err
}

// untold are the names of the followers that no live process has: their receivers are not told.
func (f fleet) untold() []string {
	var names []string
	if f.rows != nil || f.Document == nil {
		return names // it is not known which processes live
	}
	for _, follower := range f.Document.Followers {
		if !slices.ContainsFunc(f.Runs, func(i operator.Instance) bool { return i.ID == follower.Holder && i.Live() }) {
			names = append(names, follower.Name)
		}
	}
	return names
}

// counts returns how many instances there are; nil if the store keeps no rows.
func (f fleet) counts() *wire.Counts {
	switch {
	case errors.Is(f.rows, operator.ErrNoRows):
		return nil
	case f.rows != nil:
		return &wire.Counts{Error: f.rows.Error()}
	}
	counts := wire.Count(f.Judgment)
	return &counts
}

// doubt is why it is not known that the instances are as the store says; "" if each has reported.
func (f fleet) doubt() string {
	switch c := f.counts(); {
	case c == nil:
		return "it keeps no list of instances"
	case c.Error != "":
		return "the instances are not known"
	default:
		return c.Doubt()
	}
}

// members are the instances that have not left.
func (f fleet) members() []operator.Instance {
	return f.Which(func(i operator.Instance) bool { return i.Life != store.Deleted })
}

// doing is the state of an instance in one word.
func (f fleet) doing(i operator.Instance) string {
	switch life := wire.LifeOf(i); {
	case life != wire.Live:
		return life
	case f.IsDrained(i):
		return "drained"
	case i.Outdated:
		return "outdated"
	}
	return said(i)
}

// said is the last report of the instance in a few words.
func said(i operator.Instance) string {
	switch i.State {
	case period.Open:
		return "open"
	case period.Leaving:
		return "leaving"
	}
	return "refusing"
}

// others are the instances whose rules differ from those of most, and the number of all
// instances. If two rules have equally many instances, the smaller digest counts as most.
// Instances that are dead or have left, and rows that cannot be read, do not count.
func (f fleet) others() (others []operator.Instance, of int) {
	rules := map[string][]operator.Instance{}
	for _, i := range f.Instances {
		if i.Err == nil && (i.Live() || i.Silent()) {
			rules[i.Rules] = append(rules[i.Rules], i)
			of++
		}
	}
	digests := slices.SortedFunc(maps.Keys(rules), func(x, y string) int {
		return cmp.Or(cmp.Compare(len(rules[y]), len(rules[x])), cmp.Compare(x, y))
	})
	for n, digest := range digests {
		if n > 0 {
			others = append(others, rules[digest]...)
		}
	}
	return others, of
}

// instanceName is host and PID; the key of a row that cannot be read.
func instanceName(i operator.Instance) string {
	if i.Host == "" {
		return safe(i.ID)
	}
	return safe(i.Host) + "/" + strconv.Itoa(i.PID)
}

const mostNamed = 5 // instances in one line

// named are the names of the first instances.
func named(instances []operator.Instance) string {
	var out []string
	for _, i := range instances[:min(len(instances), mostNamed)] {
		out = append(out, instanceName(i))
	}
	if more := len(instances) - mostNamed; more > 0 {
		out = append(out, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(out, ", ")
}

func plural(instances int) string { return counted(int64(instances), "instance") }

// number is "3 live (2 open)"; "" if there is none.
func number(n int, word, of string) string {
	switch {
	case n == 0:
		return ""
	case of == "":
		return fmt.Sprintf("%d %s", n, word)
	}
	return fmt.Sprintf("%d %s (%s)", n, word, of)
}

// list joins the parts that are not empty.
func list(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}
