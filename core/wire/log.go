package wire

import "github.com/go-downtime/downtime/core"

// Log is the last writes, the newest first.
type Log struct {
	Store       string       `json:"store"`
	Application string       `json:"application,omitzero"`
	Entries     []core.Entry `json:"entries"`
}

// LogOf is what st keeps of its writes, in JSON.
func LogOf(st core.Store, entries []core.Entry) Log {
	if entries == nil {
		entries = []core.Entry{}
	}
	return Log{Store: st.String(), Application: Application(st), Entries: entries}
}
