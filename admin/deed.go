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
