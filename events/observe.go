package events

import (
	"context"
	"errors"
	"time"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

// Observation is one read of a store.
type Observation struct {
	// Document is the document, never nil, and Entries its log, the newest entry first.
	Document *period.Document
	Entries  []period.Entry
	// Silent are the instances whose lease has ended.
	Silent []Instance
	// Newest identifies a document that the store held before, and that is newer than Document or of
	// another history. It is zero if there is none. SeenBy is the SeenBy of [Mark].
	Newest period.Mark
	SeenBy string
	// Now is the store's clock at the read.
	Now time.Time
	// Application names the application if the document has no name.
	Application string
}

// Instance is a silent instance.
type Instance struct {
	ID   string `json:"id"`
	Host string `json:"host,omitzero"`
	PID  int    `json:"pid,omitzero"`
	// Seen is its last report, and Lease is when it became silent.
	Seen  time.Time `json:"seen"`
	Lease time.Time `json:"lease"`
}

// ErrNoDocument means that there are no events, because no command has written a document yet.
var ErrNoDocument = errors.New("the store has no document that a command has written")

// Observe reads a store.
//
// Errors: [ErrNoDocument]; those of [operator.Operator.Fleet] and [operator.Operator.Read].
func Observe(ctx context.Context, o operator.Operator) (Observation, error) {
	j, err := o.Fleet(ctx)
	if errors.Is(err, operator.ErrNoRows) {
		j.State, err = o.Read(ctx)
	}
	switch {
	case err != nil:
		return Observation{}, err
	case j.Err != nil:
		return Observation{}, j.Err
	case j.Document == nil:
		return Observation{}, ErrNoDocument
	}
	entries, _ := j.Document.Log.Entries() // Next notices an entry that is missing
	seen := Observation{
		Document: j.Document, Entries: entries, Newest: j.Newest, SeenBy: j.SeenBy, Now: j.Time,
		Application: o.Store.Info().Application,
	}
	if seen.Now.IsZero() {
		seen.Now = period.Canonical(time.Now())
	}
	for _, i := range j.Instances {
		if i.Silent() && !i.Lease.IsZero() {
			seen.Silent = append(seen.Silent, Instance{ID: i.ID, Host: i.Host, PID: i.PID, Seen: i.Seen.UTC(), Lease: i.Lease.UTC()})
		}
	}
	return seen, nil
}
