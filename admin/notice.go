package admin

import (
	"net/http"
	"strings"

	"github.com/go-downtime/downtime/period"
)

const noticeCookie = "downtime_notice"

// notice says what the operator has just done. The next page shows it once. It is kept in a
// cookie and not in the URL, so that a link of another site cannot forge it.
type notice struct {
	Code string
	IDs  []string
}

// noticeTexts are the texts of notices by code.
var noticeTexts = map[string]string{
	"started":  "The site was taken down",
	"changed":  "Your downtime was changed",
	"ended":    "Ended",
	"anew":     "The store has a new, empty document",
	"planned":  "A window was scheduled",
	"edited":   "Saved",
	"enabled":  "Enabled",
	"disabled": "Disabled",
	"deleted":  "Deleted",
	"zone":     "Times are shown in the zone that you picked",
}

// Text is the text of the notice.
func (n *notice) Text() string { return noticeTexts[n.Code] }

// leaveNotice leaves a notice for the next page.
func leaveNotice(w http.ResponseWriter, r *http.Request, code string, periods ...period.Period) {
	value := code
	for _, p := range periods {
		if len(value)+len(p.ID) > 1000 {
			break
		}
		value += "/" + p.ID
	}
	setCookie(w, r, noticeCookie, value, 60)
}

// takeNotice returns the notice and removes it; nil if there is none.
func takeNotice(w http.ResponseWriter, r *http.Request) *notice {
	c, err := r.Cookie(noticeCookie)
	if err != nil {
		return nil
	}
	setCookie(w, r, noticeCookie, "", -1)
	parts := strings.Split(c.Value, "/")
	if noticeTexts[parts[0]] == "" {
		return nil
	}
	return &notice{Code: parts[0], IDs: parts[1:]}
}
