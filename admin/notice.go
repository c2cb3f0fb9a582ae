package admin

import (
	"net/http"
	"strings"

	"github.com/go-downtime/downtime/core"
)

const noticeCookie = "downtime_notice"

// notice is what the operator has just done, shown once on the page after it. It comes in
// a cookie, not in the address: nobody else can make a link that says so.
type notice struct {
	Code string // what was done
	IDs  []string
}

// noticeTexts are the notices that there are, by code.
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

// Text is what was done.
func (n *notice) Text() string { return noticeTexts[n.Code] }

// leaveNotice has the next page say what was done to which periods.
func leaveNotice(w http.ResponseWriter, r *http.Request, code string, periods ...core.Period) {
	value := code
	for _, p := range periods {
		if len(value)+len(p.ID) > 1000 {
			break
		}
		value += "/" + p.ID
	}
	setCookie(w, r, noticeCookie, value, 60)
}

// takeNotice is what was left, which is then forgotten; nil if there is nothing.
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
