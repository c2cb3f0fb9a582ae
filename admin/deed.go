package admin

import "github.com/go-downtime/downtime/period"

// deed is what a write did, in words: did is for the log, and code and text are for a notice. They are
// "" if no page makes such writes.
type deed struct{ did, code, text string }

var deeds = map[period.Action]deed{
	period.ActionStart:     {"took the site down", "started", "The site was taken down"},
	period.ActionChange:    {"changed a deployment", "changed", "Your downtime was changed"},
	period.ActionEnd:       {"ended", "ended", "Ended"},
	period.ActionSchedule:  {"scheduled a window", "planned", "A window was scheduled"},
	period.ActionEdit:      {"changed a period", "edited", "Saved"},
	period.ActionCancel:    {"deleted", "deleted", "Deleted"},
	period.ActionReconcile: {did: "reconciled the store"},
	period.ActionInit:      {did: "initialized the store"},
}

// deedOf is the deed of e. It tells apart writes with the same action.
func deedOf(e period.Entry) deed {
	switch {
	case e.Action == period.ActionEnd && e.Anew != "":
		return deed{"ended", "anew", "The store has a new, empty document"}
	case e.Action == period.ActionEdit && len(e.Changes) == 1:
		switch f := e.Changes[0].Fields(); {
		case len(f) != 1 || f[0].Name != "enabled": // an edit of other fields
		case f[0].After == "true":
			return deed{"changed a period", "enabled", "Enabled"}
		default:
			return deed{"changed a period", "disabled", "Disabled"}
		}
	}
	return deeds[e.Action]
}
