package wire

import (
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// Log is the last writes, the newest first.
type Log struct {
	Store       string         `json:"store"`
	Application string         `json:"application,omitzero"`
	Entries     []period.Entry `json:"entries"`
}

// LogOf is the log of the document in st, in JSON.
func LogOf(st store.Store, entries []period.Entry) Log {
	if entries == nil {
		entries = []period.Entry{}
	}
	info := st.Info()
	return Log{Store: info.Name, Application: info.Application, Entries: entries}
}
