package admin

import (
	"net/http"
	"strconv"

	"github.com/go-downtime/downtime/period"
)

// periodPage is the form of one period: a new window, or an existing period.
type periodPage struct {
	page

	Form   form
	Period *periodView // as it is now; nil for a new window
	// Conflict: the form was made from an older version. Differs lists where the input differs
	// from the present version.
	Conflict string
	Differs  []difference
	Failure  string
}

// periodFields are the fields of the form of a period.
var periodFields = []string{
	"id", "version", "zone", "reason", "start", "start_offset", "end", "end_offset", "no_end",
	"expected_end", "expected_end_offset", "emergency", "enabled",
}

// ofPeriod are the fields of the form by the fields of a fault.
var ofPeriod = map[string]string{"reason": "reason", "start": "start", "end": "end", "expected_end": "expected_end", "enabled": "enabled"}

// Action is the action of the form.
func (p periodPage) Action() string {
	if p.Period == nil {
		return "add"
	}
	return "edit"
}

// Window reports whether the period is a window, which has a start and can be disabled.
func (p periodPage) Window() bool { return p.Period == nil || p.Period.Kind == period.Window }

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
