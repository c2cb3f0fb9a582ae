package core

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// Instance is one process with a gate, as it last reported itself: a row beside the
// document. A silent instance is silent, not drained and not gone: nobody can tell a dead
// one from one that is cut off.
type Instance struct {
	// ID is random for each Gate.
	ID string `json:"id"`
	// Host and PID are where it runs; Boot tells one boot of that host from another, ""
	// where the system does not say.
	Host string `json:"host"`
	PID  int    `json:"pid"`
	Boot string `json:"boot,omitzero"`
	// App is the application's version as Go built it in, Version that of this library;
	// "" when unknown.
	App     string `json:"app,omitzero"`
	Version string `json:"version,omitzero"`
	// Started is when the gate was made, by the instance's own clock.
	Started time.Time `json:"started"`

	// StoreID, Revision and WriteID name the document that it has adopted; zero if none.
	StoreID  string `json:"store_id,omitzero"`
	Revision int64  `json:"revision"`
	WriteID  string `json:"write_id,omitzero"`
	// Open is whether it serves; Cause, if not, as [Cause.String].
	Open  bool   `json:"open"`
	Cause string `json:"cause,omitzero"`
	// Override is "up", "down" or "".
	Override string `json:"override,omitzero"`
	// Drained: it refuses, and every request that it let in before has left. Refuses are
	// the periods that this is said of, in force at the write named above; RefusesUntil is
	// when the first of them ends by the clock, zero if none does. Not drained: both empty.
	Drained      bool      `json:"drained"`
	Refuses      []string  `json:"refuses"`
	RefusesUntil time.Time `json:"refuses_until,omitzero"`
	// Regressed: it has seen a higher revision than the store holds.
	Regressed bool `json:"regressed,omitzero"`
	// InFlight counts requests let in while open, Passing those exempt or bypassed.
	InFlight int64 `json:"in_flight"`
	Passing  int64 `json:"passing"`
	// Policy is what it does while the store is lost: "keep", or "refuse after 30s".
	Policy string `json:"policy"`
	// Rules is a digest of exemptions, names of predicates and policies: instances that
	// differ in it would not refuse the same.
	Rules string `json:"rules"`

	// Seen and Lease are stamped by the store's clock: the last report, and until when it
	// is good. Whatever a reporter puts there is ignored.
	Seen  time.Time `json:"seen"`
	Lease time.Time `json:"lease"`
	// Dead is set by a store that knows: the process is gone, for certain. Never stored.
	Dead bool `json:"dead,omitzero"`
}

// Silent reports whether the instance has let its lease run out at the store's time t,
// without having been seen dead.
func (i Instance) Silent(t time.Time) bool { return !i.Dead && !t.Before(i.Lease) }

// Live reports whether the instance is known to be there at the store's time t.
func (i Instance) Live(t time.Time) bool { return !i.Dead && t.Before(i.Lease) }

// Fleet is implemented beside [Store] by one that keeps a row for each instance. Rows never change the document's
// revision. Implementations are safe for concurrent use, and pass storetest.Run.
type Fleet interface {
	// Report writes the row of row.ID, stamped by the store's clock with Seen, and with
	// Lease = Seen + lease, and returns the mark of the document as it stands and the
	// store's time, in one round trip where the store can. A zero mark means that there is
	// no document, or that the mark is not known: the caller then loads. A zero time means
	// that it is not known. ErrReadOnly: this store keeps no rows for us.
	Report(ctx context.Context, row Instance, lease time.Duration) (Mark, time.Time, error)
	// Leave removes the row. One that is not there is no error.
	Leave(ctx context.Context, id string) error
	// Instances returns the state and all rows in one consistent read, ordered by host,
	// pid and id; empty, never nil. It may remove rows whose lease ended more than
	// PruneAfter ago, or whose process is known to be dead for so long. A store without a
	// document returns its rows with a State without one.
	Instances(ctx context.Context) (State, []Instance, error)
}

const (
	// LeaseTime is how long a report is good, by the store's clock.
	LeaseTime = time.Minute
	// PruneAfter is how long after its lease a row is kept for operators to see.
	PruneAfter = 24 * time.Hour

	reportEvery = LeaseTime / 4
)

// ErrNoFleet: the store keeps no rows of instances.
var ErrNoFleet = errors.New("this store keeps no rows of instances")

// Instances returns what st knows of the instances that use it. ErrNoFleet if it keeps
// no rows.
func Instances(ctx context.Context, st Store) (State, []Instance, error) {
	f, ok := st.(Fleet)
	if !ok {
		return State{}, nil, fmt.Errorf("%s: %w", st, ErrNoFleet)
	}
	return f.Instances(ctx)
}

// SortInstances orders rows by host, pid and id, as [Fleet.Instances] returns them.
// It is for authors of stores.
func SortInstances(rows []Instance) {
	slices.SortFunc(rows, func(a, b Instance) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.PID, b.PID), cmp.Compare(a.ID, b.ID))
	})
}

// EncodeInstance is the row as stores write it, without what the store stamps.
// It is for authors of stores.
func EncodeInstance(i Instance) ([]byte, error) {
	i.Seen, i.Lease, i.Dead = time.Time{}, time.Time{}, false
	return json.Marshal(i)
}

// DecodeInstance reads a row. Members that it does not know are ignored: rows are reports
// of other versions too, and decide nothing about requests. It is for
// authors of stores.
func DecodeInstance(b []byte) (Instance, error) {
	var i Instance
	if err := json.Unmarshal(b, &i); err != nil {
		return Instance{}, fmt.Errorf("row of an instance: %w", err)
	}
	if i.ID == "" {
		return Instance{}, &FieldError{Field: "id", Problem: "row of an instance without an id"}
	}
	i.Seen, i.Lease, i.Dead = time.Time{}, time.Time{}, false
	return i, nil
}

// newInstance is what never changes about the row of one gate.
func newInstance(s *settings, now time.Time) Instance {
	host, boot := ThisHost()
	i := Instance{
		ID: strings.ToLower(rand.Text())[:16], Host: host, PID: os.Getpid(), Boot: boot,
		Started: canonical(now), Policy: s.lossPolicy(), Rules: s.rules, Refuses: []string{},
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		i.App, i.Version = info.Main.Version, info.Main.Version
		for _, dep := range info.Deps {
			if dep.Path == "github.com/go-downtime/downtime" {
				i.Version = dep.Version
			}
		}
	}
	return i
}

// ThisHost is what the row of an instance on this machine says of Host and Boot: what a
// store compares that can tell the dead on its own machine from the silent elsewhere. Boot
// is Linux's boot id, "" elsewhere; Host is "unknown" if the system does not say. It is for
// authors of stores.
func ThisHost() (host, boot string) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	if b, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		boot = strings.TrimSpace(string(b))
	}
	return host, boot
}

// lossPolicy is what a gate does while its store is lost, in words.
func (s *settings) lossPolicy() string {
	if s.onLost == Refuse {
		return "refuse after " + s.maxStale.String()
	}
	return "keep"
}

// digest is over everything in the code that decides who passes, but for what a predicate
// does: its name stands for it. 12 hex digits.
func (c Config) digest() string {
	names := []string{}
	for _, p := range c.Bypass {
		names = append(names, p.Name())
	}
	// Strings, numbers and booleans: Marshal never fails.
	b, _ := json.Marshal([]any{
		slices.Sorted(slices.Values(c.ExemptExact)), slices.Sorted(slices.Values(c.ExemptPaths)), slices.Sorted(slices.Values(names)),
		c.OnStoreLost, c.MaxStale, c.FirstStart, c.OverrideFile, c.Down,
	})
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}
