package admin

import (
	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/period"
)

// stateJSON is the state of the store, with bounded lists, and the status of this instance.
type stateJSON struct {
	wire.State

	// InForceOmitted and UpcomingOmitted count the periods that are not listed.
	InForceOmitted  int `json:"in_force_omitted,omitzero"`
	UpcomingOmitted int `json:"upcoming_omitted,omitzero"`
	// Barrier and Gate are of GET state only. Barrier is nil if the site is up.
	Barrier *wire.Barrier `json:"barrier,omitempty"`
	Gate    *gateJSON     `json:"gate,omitempty"`
}

// gateJSON is the status of the instance that answers. Members that a row of the fleet has
// as well have the same names.
type gateJSON struct {
	Instance string          `json:"instance,omitzero"` // id of its row
	State    period.RowState `json:"state"`
	Cause    string          `json:"cause,omitzero"`
	Override string          `json:"override,omitzero"` // "up" or "down"
	// OverrideFrom is "file", "env" or "config". OverrideUnread: the file cannot be read.
	OverrideFrom   string   `json:"override_from,omitzero"`
	OverrideUnread bool     `json:"override_unread,omitzero"`
	Revision       int64    `json:"revision"` // of the adopted document
	Regressed      bool     `json:"regressed,omitzero"`
	Drained        []string `json:"drained"` // ids of periods
	InFlight       int64    `json:"in_flight"`
	Bypassed       int64    `json:"bypassed"`
	Exempt         int64    `json:"exempt"`
	Held           int64    `json:"held"`
	// Health is "fresh", "lost" or "never-read". Age is seconds since the last answered read.
	Health     string `json:"health"`
	Age        int64  `json:"age"`
	Hints      string `json:"hints,omitzero"`
	Registered bool   `json:"registered"`
}

// listJSON is a page of the periods.
type listJSON struct {
	wire.List

	Next string `json:"next,omitzero"` // cursor of the next page
}
