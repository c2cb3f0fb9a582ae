package admin

import (
	"fmt"
	"time"
)

// warning is something odd that an operator has to know of.
type warning struct {
	ID    string // for tests and style: "store-unreadable", "regressed", …
	Title string
	Text  string
}

// clocksApart is how far this machine's clock may be from the store's without a word.
const clocksApart = 2 * time.Second

// Warnings are whatever is not as it should be; the gravest first.
func (v seen) Warnings() []warning {
	var out []warning
	add := func(id, title, text string) { out = append(out, warning{id, title, text}) }
	g := v.Gate
	switch {
	case v.Lost():
		add("store-lost", "The store has lost its document", "It held one, and it is gone: flushed, dropped or deleted. Instances keep what they knew. Every write is refused, but for beginning anew below. "+v.Err.Error())
	case v.Err != nil:
		add("store-unreadable", "The store cannot be read", fmt.Sprintf("%s. This instance last read it %s ago, and keeps what it knew then. What is done below may fail.", v.Err, span(g.Age)))
	}
	if g.Regressed {
		add("regressed", "The store holds an older state than this instance has seen",
			fmt.Sprintf("Revision %d, where this instance has seen %d: a failover or a restored backup. It refuses what either of both refuses. Look at the schedule, and then reconcile: downtime reconcile --above %d.", g.StoreRevision, g.Revision, g.Revision))
	}
	if g.OverrideErr != nil {
		add("override-unreadable", "The override file cannot be read", fmt.Sprintf("It keeps its last value (%s). %s", wordOr(g.Override, "none"), g.OverrideErr))
	}
	if v.Document.Mark() != v.gateMark() && v.Err == nil && v.Document != nil && !g.Regressed {
		add("behind", "This instance has not read the last write", fmt.Sprintf("The store is at revision %d, this instance at %d.", v.Revision(), g.Revision))
	}
	if v.Document != nil && v.Document.HandEdited() {
		add("hand-edited", "The store was edited by hand", "What it holds is not what its last write has written. It counts all the same.")
	}
	if g.ClockOffset.Abs() > clocksApart {
		add("clock", "Two clocks disagree", fmt.Sprintf("The store's clock and this machine's are %s apart. The schedule goes by the store's, and so does this page.", span(g.ClockOffset.Abs())))
	}
	switch {
	case v.RowsErr != nil:
		add("fleet-unreadable", "The instances cannot be listed", v.RowsErr.Error())
	case g.ReportErr != nil:
		add("unregistered", "This instance is not in the fleet's list", "It may not write its row: "+g.ReportErr.Error())
	}
	return out
}

func wordOr(word, none string) string {
	if word == "" {
		return none
	}
	return word
}
