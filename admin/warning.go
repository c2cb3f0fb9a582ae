package admin

import (
	"cmp"
	"fmt"
	"time"
)

// warning is a condition that an operator should know of.
type warning struct {
	ID    string // for tests and styles: "store-unreadable", "regressed", …
	Title string
	Text  string
}

// clocksApart is the largest difference between the clocks of machine and store that needs no
// warning.
const clocksApart = 2 * time.Second

// Warnings are all warnings, the most serious first.
func (v seen) Warnings() []warning {
	var out []warning
	add := func(id, title, text string) { out = append(out, warning{id, title, text}) }
	g := v.Gate
	switch {
	case v.Lost():
		add("store-lost", "The store has lost its document", "The document was flushed, dropped or deleted. Instances keep their last state. Every write is refused, except a new beginning below. "+v.Err.Error())
	case v.Err != nil:
		add("store-unreadable", "The store cannot be read", fmt.Sprintf("%s. This instance last read it %s ago, and keeps that state. Writes may fail.", v.Err, span(g.Age)))
	}
	if g.Regressed {
		add("regressed", "The store holds an older state than this instance has seen",
			fmt.Sprintf("It holds revision %d, and this instance has seen %d. The cause is a failover or a restored backup. This instance refuses what either of the two refuses. Check the schedule, then run: downtime reconcile --above %d.", g.StoreRevision, g.Revision, g.Revision))
	}
	if g.OverrideErr != nil {
		add("override-unreadable", "The override file cannot be read", fmt.Sprintf("It keeps its last value (%s). %s", cmp.Or(g.Override, "none"), g.OverrideErr))
	}
	if v.Document != nil && v.Document.Mark() != markOf(g) && !g.Regressed {
		add("behind", "This instance has not read the last write", fmt.Sprintf("The store is at revision %d, this instance at %d.", v.Revision(), g.Revision))
	}
	if v.Document != nil && v.Document.HandEdited() {
		add("hand-edited", "The document was edited by hand", "Its content differs from the last write. It is in effect all the same.")
	}
	if g.ClockOffset.Abs() > clocksApart {
		add("clock", "Two clocks disagree", fmt.Sprintf("The clocks of the store and of this machine are %s apart. The schedule and this page use the store's.", span(g.ClockOffset.Abs())))
	}
	switch {
	case v.RowsErr != nil:
		add("fleet-unreadable", "The instances cannot be listed", v.RowsErr.Error())
	case g.RowErr != nil:
		add("unregistered", "This instance is not in the list of the fleet", "Its row cannot be written: "+g.RowErr.Error())
	}
	return out
}
