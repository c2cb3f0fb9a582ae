package admin_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store/memstore"
)

// TestFormsAndAPIEndInTheSameDocument performs the same random steps on two sites: on one by
// forms, on the other by the API. After each step both have done it or refused it, and their
// documents are the same except for ids. At the end their logs are the same.
func TestFormsAndAPIEndInTheSameDocument(t *testing.T) {
	t.Parallel()
	const stories, steps = 12, 25
	for seed := range uint64(stories) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 7))
				forms, api := newAPI(t, memstore.New()), newAPI(t, memstore.New())
				taken := 0
				for range steps {
					// On a whole minute, because the two steps are some milliseconds apart.
					time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Duration(1+rng.IntN(90)) * time.Minute)))
					step := newStep(rng, time.Now().UTC(), forms.document())
					byForm, byAPI := step.byForm(forms), step.byAPI(api)
					require.Equal(t, byForm, byAPI, "%+v", step)
					require.Equal(t, nameless(forms.document()), nameless(api.document()), "%+v", step)
					if byForm {
						taken++
					}
				}
				require.Greater(t, taken, steps/4, "most stories go on")
				require.Equal(t, forms.told(), api.told())
			})
		})
	}
}

// step is one action of an operator.
type step struct {
	what  string
	user  string
	i     int   // which period, as it stands in the document
	stale int64 // how far the revision that was read is behind the store's

	reason               string
	start, end, expected time.Time // zero: none
	auto, emergency      bool
	enabled              bool
}

var reasons = []string{"", "New database", "<b>&amp; \"Ümläut\"", "two\nlines", strings.Repeat("x", period.MaxReasonLen), strings.Repeat("x", period.MaxReasonLen+1)}

func newStep(rng *rand.Rand, now time.Time, d *period.Document) step {
	some := func(hours int) time.Time { // mostly ahead, on a whole minute
		return now.Add(time.Duration(rng.IntN(hours*60)-30) * time.Minute)
	}
	s := step{
		what: []string{"start", "start", "add", "add", "edit", "edit", "toggle", "delete", "end", "end all"}[rng.IntN(10)],
		user: []string{"alice", "bob"}[rng.IntN(2)], reason: reasons[rng.IntN(len(reasons))],
		start: some(3), auto: rng.IntN(3) == 0, emergency: rng.IntN(3) == 0, enabled: rng.IntN(4) > 0,
	}
	if rng.IntN(8) == 0 {
		s.stale = 1
	}
	if rng.IntN(3) > 0 {
		s.end = some(8)
	}
	if rng.IntN(4) == 0 {
		s.expected = some(8)
	}
	if d == nil || len(d.Periods) == 0 {
		if s.what != "start" && s.what != "end all" {
			s.what = "add"
		}
		return s
	}
	s.i = rng.IntN(len(d.Periods))
	return s
}

func (c apiClient) document() *period.Document {
	c.t.Helper()
	return documentOf(c.t, c.store)
}

// target is the period that a step is about, and the version that was seen.
func (s step) target(c apiClient) (period.Period, int64) {
	p := c.document().Periods[s.i]
	return p, p.Version - s.stale
}

func wall(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02T15:04")
}

// byForm performs the step by a form, and reports whether it was done.
func (s step) byForm(c apiClient) bool {
	c.t.Helper()
	f := url.Values{}
	tick := func(name string, on bool) {
		if on {
			f.Set(name, "yes")
		}
	}
	target := func() period.Period {
		p, version := s.target(c)
		f.Set("id", p.ID)
		f.Set("version", strconv.FormatInt(version, 10))
		return p
	}
	revision := func() { f.Set("revision", strconv.FormatInt(c.mark().Revision-s.stale, 10)) }
	path := s.what
	switch s.what {
	case "start":
		f.Set("zone", "UTC")
		f.Set("reason", s.reason)
		f.Set("until", wall(s.end))
		tick("auto_end", s.auto && !s.end.IsZero())
		tick("emergency", s.emergency)
		revision()
	case "add", "edit":
		f.Set("zone", "UTC")
		f.Set("reason", s.reason)
		f.Set("expected_end", wall(s.expected))
		f.Set("end", wall(s.end))
		tick("emergency", s.emergency)
		if s.what == "add" || target().Kind == period.Window {
			f.Set("start", wall(s.start))
			tick("no_end", s.end.IsZero())
			tick("enabled", s.enabled)
		}
	case "toggle":
		path = map[bool]string{true: "enable", false: "disable"}[s.enabled]
		target()
	case "delete", "end":
		target()
	case "end all":
		path = "end-all"
		revision()
	}
	send := func() reply {
		r := httptest.NewRequestWithContext(c.t.Context(), http.MethodPost, apiMount+"/"+path, strings.NewReader(f.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-User", s.user)
		w := httptest.NewRecorder()
		c.page.ServeHTTP(w, r)
		return reply{w, c.t, path}
	}
	w := send()
	if mark := w.hidden("reviewed"); mark != "" {
		f.Set("reviewed", mark)
		w = send()
	}
	require.Contains(c.t, []int{http.StatusSeeOther, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusBadRequest}, w.Code, "%+v", s)
	return w.Code == http.StatusSeeOther
}

// byAPI performs the step by the API, and reports whether it was done.
func (s step) byAPI(c apiClient) bool {
	c.t.Helper()
	members := map[string]any{}
	instant := func(name string, at time.Time) {
		if !at.IsZero() {
			members[name] = at.In(time.FixedZone("", 5*3600+1800)).Format(time.RFC3339)
		}
	}
	orNull := func(name string, at time.Time) {
		members[name] = nil
		instant(name, at)
	}
	headers := []header{{"X-User", s.user}}
	target := func() period.Period {
		p, version := s.target(c)
		headers = append(headers, header{"If-Match", fmt.Sprintf("%q", strconv.FormatInt(version, 10))})
		return p
	}
	method, path := http.MethodPost, s.what
	switch s.what {
	case "start":
		maps.Copy(members, map[string]any{"reason": s.reason, "emergency": s.emergency, "revision": c.mark().Revision - s.stale})
		instant(map[bool]string{true: "end", false: "expected_end"}[s.auto], s.end)
	case "add":
		path = "periods"
		maps.Copy(members, map[string]any{"reason": s.reason, "emergency": s.emergency, "enabled": s.enabled})
		instant("start", s.start)
		instant("expected_end", s.expected)
		orNull("end", s.end)
	case "edit":
		p := target()
		method, path = http.MethodPatch, "periods/"+p.ID
		maps.Copy(members, map[string]any{"reason": s.reason, "emergency": s.emergency})
		for name, at := range map[string][2]time.Time{"expected_end": {p.ExpectedEnd, s.expected}, "end": {p.End, s.end}} {
			if wall(at[0]) != wall(at[1]) {
				orNull(name, at[1])
			}
		}
		if p.Kind == period.Window {
			members["enabled"] = s.enabled
			if !p.Start.Equal(s.start) {
				instant("start", s.start)
			}
		}
	case "toggle":
		method, path = http.MethodPatch, "periods/"+target().ID
		members["enabled"] = s.enabled
	case "delete":
		method, path = http.MethodDelete, "periods/"+target().ID
	case "end":
		members["id"] = target().ID
	case "end all":
		path = "end"
		maps.Copy(members, map[string]any{"all": true, "revision": c.mark().Revision - s.stale})
	}
	body := ""
	if method != http.MethodDelete {
		body = jsonOf(c.t, members)
	}
	got := c.do(method, path, body, headers...)
	require.Contains(c.t, []int{http.StatusOK, http.StatusCreated, http.StatusConflict, http.StatusPreconditionFailed, http.StatusBadRequest}, got.Code, "%+v", s)
	return got.Code < 300
}

// nameless is d without random values.
func nameless(d *period.Document) *period.Document {
	if d == nil {
		return nil
	}
	out := *d
	out.StoreID, out.WriteID, out.Periods, out.Log = "", "", nil, period.Log{}
	for i, p := range d.Periods {
		p.ID = strconv.Itoa(i)
		toSeconds(&p.Start, &p.DownSince, &p.CreatedAt, &p.UpdatedAt)
		out.Periods = append(out.Periods, p)
	}
	return &out
}

func toSeconds(instants ...*time.Time) {
	for _, t := range instants {
		*t = t.Truncate(time.Second)
	}
}

// told is the log without random values.
func (c apiClient) told() []period.Entry {
	c.t.Helper()
	entries, err := operator.Operator{Store: c.store}.Log(c.t.Context(), 0)
	require.NoError(c.t, err)
	numbers := map[string]string{}
	for i := len(entries) - 1; i >= 0; i-- {
		entries[i].Write = ""
		toSeconds(&entries[i].Time)
		for _, change := range entries[i].Changes {
			for _, p := range []*period.Period{change.Before, change.After} {
				if p != nil {
					toSeconds(&p.Start, &p.DownSince, &p.CreatedAt, &p.UpdatedAt)
					if numbers[p.ID] == "" {
						numbers[p.ID] = strconv.Itoa(len(numbers))
					}
					p.ID = numbers[p.ID]
				}
			}
		}
	}
	return entries
}
