package admin

import (
	"net/http"
	"strconv"

	"github.com/go-downtime/downtime/core"
)

// periodPage is the form of one period: a new window, or one that there is.
type periodPage struct {
	page

	Form   form
	Period *periodView // as it is now; nil for a new window
	// Conflict: what was sent was made from a version that is gone. Differs is what is
	// another now than what was typed.
	Conflict string
	Differs  []difference
	Failure  string
}

// periodFields are the fields of the form of a period.
var periodFields = []string{
	"id", "version", "zone", "reason", "start", "start_offset", "end", "end_offset", "no_end",
	"expected_end", "expected_end_offset", "emergency", "enabled",
}

// ofPeriod are the fields that core's faults of a period belong to.
var ofPeriod = map[string]string{"reason": "reason", "start": "start", "end": "end", "expected_end": "expected_end", "enabled": "enabled"}

// Action is what the form does.
func (p periodPage) Action() string {
	if p.Period == nil {
		return "add"
	}
	return "edit"
}

// Window reports whether it is one, which has a start of its own and can be disabled.
func (p periodPage) Window() bool { return p.Period == nil || p.Period.Kind == core.Window }

func (s *site) showPeriod(w http.ResponseWriter, status int, p periodPage) {
	if p.Form.Values["zone"] == "" {
		p.Form.Values["zone"] = p.Clock.Zone.String()
	}
	if p.Period != nil {
		p.Title = "Change " + string(p.Period.Kind) + " " + p.Period.ID
		p.Form.Values["id"], p.Form.Values["version"] = p.Period.ID, strconv.FormatInt(p.Period.Version, 10)
	}
	s.render(w, status, "period.html", p)
}
