package admin_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/memstore"
)

// shiftedStore is a store whose clock a test can put forward, and whose reads can fail.
type shiftedStore struct {
	*memstore.Store

	mu   sync.Mutex
	by   time.Duration
	err  error
	lies func(d *core.Document) *core.Document // what it holds instead
}

func newShifted() *shiftedStore { return &shiftedStore{Store: memstore.New()} }

func (s *shiftedStore) set(change func(s *shiftedStore)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *shiftedStore) Load(ctx context.Context, have core.Mark) (core.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return core.State{}, s.err
	}
	if s.lies != nil {
		have = core.Mark{}
	}
	state, err := s.Store.Load(ctx, have)
	state.Time = state.Time.Add(s.by)
	if s.lies != nil && err == nil {
		state.Document = s.lies(state.Document)
		state.Mark = state.Document.Mark()
	}
	return state, err
}

func (s *shiftedStore) Report(ctx context.Context, row core.Instance, lease time.Duration) (core.Mark, time.Time, error) {
	mark, at, err := s.Store.Report(ctx, row, lease)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		err = s.err
	}
	return mark, at.Add(s.by), err
}

func TestStartAndEnd(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	w := c.get("")
	require.Equal(t, "up", w.attribute("data-state"))
	w.says("The site is up", "Visitors are served", "Take the site down now", "Nothing is scheduled")

	w = c.follow(c.post("start", "reason", "New shelves", "for", "30m", "emergency", "yes", "revision", w.hidden("revision"), "zone", "UTC"))
	p := c.only()
	require.Equal(t, core.Deployment, p.Kind)
	require.Equal(t, "alice", p.Holder)
	require.Equal(t, "alice", p.CreatedBy)
	require.Equal(t, "New shelves", p.Reason)
	require.True(t, p.Emergency)
	require.True(t, p.End.IsZero(), "it does not open by itself")
	require.Equal(t, 30*time.Minute, p.ExpectedEnd.Sub(p.Start))
	require.Equal(t, "down", w.attribute("data-state"))
	require.Equal(t, "started", w.attribute("data-notice"))
	w.says("The site is down for visitors", "by alice, because New shelves", "Expected to be over", "The site was taken down "+p.ID, "emergency")
	require.NotContains(t, c.get("").text(), "The site was taken down", "it is said once")
	require.False(t, c.gate.Status().Open, "this instance refuses when the answer comes")

	entries, err := core.Log(t.Context(), c.store, 0)
	require.NoError(t, err)
	require.Equal(t, core.ActionStart, entries[0].Action)
	require.Equal(t, "alice", entries[0].Actor)
	require.Equal(t, "page from 192.0.2.1", entries[0].Origin)

	w = c.follow(c.post("end", "id", w.hidden("id"), "version", w.hidden("version")))
	require.Equal(t, "up", w.attribute("data-state"))
	w.says("Ended "+p.ID, "The site is up again")
	require.Empty(t, c.document().Periods)
	require.True(t, c.gate.Status().Open)
}

func TestWriteIsAnsweredWhenThisInstanceGoesByIt(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{store: struct{ core.Store }{memstore.New()}}) // nothing wakes the gate
	require.Equal(t, http.StatusSeeOther, c.post("start", "revision", "0", "zone", "UTC").Code)
	require.False(t, c.gate.Status().Open)
	require.Equal(t, http.StatusSeeOther, c.post("end", "id", c.only().ID, "version", "1").Code)
	require.True(t, c.gate.Status().Open)
}

func TestEndSaysWhatStillHoldsTheSiteDown(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	mine, theirs := c.begin("alice", "mine"), c.begin("bob", "theirs")
	w := c.get("")
	w.says("2 periods hold the site down", "The site then stays down because of the other one", "End both and open the site", "You hold "+mine.ID+" already",
		"2 periods hold it down, which all stand below; the one that lasts longest is of ")
	require.NotRegexp(t, ", by (alice|bob)", w.text(), "nobody has taken it down alone")

	w = c.follow(c.post("end", "id", mine.ID, "version", "1"))
	require.Equal(t, "down", w.attribute("data-state"))
	w.says("Ended "+mine.ID, "The site is still down because of "+theirs.ID, "by bob, because theirs")

	w = c.follow(c.post("end-all", "revision", strconv.FormatInt(c.document().Revision, 10)))
	require.Equal(t, "up", w.attribute("data-state"))
}

func TestStartThatIsToEndByItself(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	c.follow(c.post("start", "for", "15m", "auto_end", "yes", "revision", "0", "zone", "UTC")).says("by itself")
	p := c.only()
	require.Equal(t, 15*time.Minute, p.End.Sub(p.Start))
	require.True(t, p.ExpectedEnd.IsZero())
}

func TestStartShowsFaultsAtTheirFields(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fields []string
		field  string
		want   string
	}{
		"an end that has passed":       {[]string{"until", "2020-01-01T00:00"}, "until", "Has passed"},
		"a time that is none":          {[]string{"until", "soon"}, "until", "This is no date and time"},
		"a year out of range":          {[]string{"until", "1999-01-01T00:00"}, "until", "want a year from 2000 to 9998"},
		"two ends":                     {[]string{"until", "2097-01-01T00:00", "for", "15m"}, "until", "not both"},
		"no end to end by itself at":   {[]string{"auto_end", "yes"}, "auto_end", "Say above when it ends"},
		"a duration that is no choice": {[]string{"for", "soon"}, "for", "none of the choices"},
		"a duration below nothing":     {[]string{"for", "-1h"}, "for", "none of the choices"},
		"a reason that is too long":    {[]string{"reason", string(make([]byte, 4097))}, "reason", "Want at most 4096 bytes"},
		"a time that is skipped":       {[]string{"until", "2097-03-31T02:30", "zone", "Europe/Berlin"}, "until", "02:30 on 31 March 2097 does not exist in Europe/Berlin: clocks go from 02:00 CET to 03:00 CEST. Say 01:30 CET, or 03:30 CEST."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newPages(t, pageSettings{})
			w := c.post("start", append([]string{"zone", "UTC", "reason", "kept as typed", "revision", "0"}, tc.fields...)...)
			require.Equal(t, http.StatusUnprocessableEntity, w.Code)
			require.Contains(t, w.fault(tc.field), tc.want)
			require.Contains(t, w.Body.String(), `aria-describedby="`+tc.field)
			require.Contains(t, w.Body.String(), `aria-invalid="true"`)
			if tc.field != "reason" {
				w.says("kept as typed")
			}
			require.Equal(t, "true", w.attribute("data-kept"), "the script leaves it alone")
			require.Nil(t, c.document())
		})
	}
}

func TestStartAsksWhichOfTwoTimesIsMeant(t *testing.T) {
	t.Parallel()
	for offset, want := range map[string]string{"+02:00": "2097-10-27T00:30:00Z", "+01:00": "2097-10-27T01:30:00Z"} {
		c := newPages(t, pageSettings{})
		form := []string{"until", "2097-10-27T02:30", "revision", "0", "zone", "Europe/Berlin"}
		w := c.post("start", form...)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code)
		require.Equal(t, "02:30 comes twice in Europe/Berlin, because clocks are put back. Say which of them.", w.fault("until"))
		w.says("02:30 CEST (00:30 UTC)", "02:30 CET (01:30 UTC)")
		require.Equal(t, http.StatusUnprocessableEntity, c.post("start", append(form, "until_offset", "+05:00")...).Code, "an offset that it never has")
		c.follow(c.post("start", append(form, "until_offset", offset)...))
		require.Equal(t, want, c.only().ExpectedEnd.Format(time.RFC3339))
	}
}

func TestWhatHasChangedMeanwhileIsNotActedUpon(t *testing.T) {
	t.Parallel()
	t.Run("a start, while somebody else has started", func(t *testing.T) {
		t.Parallel()
		c := newPages(t, pageSettings{})
		revision := c.get("").hidden("revision")
		c.begin("bob", "fire")
		before := c.document().Mark()
		w := c.post("start", "reason", "shelves", "for", "1h", "revision", revision, "zone", "UTC")
		require.Equal(t, http.StatusConflict, w.Code)
		require.Equal(t, "down", w.attribute("data-state"))
		w.says("Nothing was done", "Somebody else was faster", "by bob, because fire", "shelves")
		require.Contains(t, w.Body.String(), `<option value="1h" selected>`)
		require.Contains(t, w.Body.String(), `<details class="card" open>`)
		require.Equal(t, before, c.document().Mark())

		c.follow(c.post("start", "reason", "shelves", "revision", w.hidden("revision"), "zone", "UTC"))
		require.Len(t, c.document().Periods, 2, "sent again, it is meant")
	})
	t.Run("an end, while it was changed", func(t *testing.T) {
		t.Parallel()
		c := newPages(t, pageSettings{})
		p := c.begin("bob", "fire")
		_, err := core.Edit(t.Context(), c.store, p.ID, core.EditOptions{Reason: new("still burning: do not open"), Actor: "bob"})
		require.NoError(t, err)
		w := c.post("end", "id", p.ID, "version", "1")
		require.Equal(t, http.StatusConflict, w.Code)
		w.says("Somebody else was faster", "still burning: do not open", "Changed by")
		require.Len(t, c.document().Periods, 1)
		c.follow(c.post("end", "id", p.ID, "version", w.hidden("version")))
	})
	t.Run("an end, while it was ended", func(t *testing.T) {
		t.Parallel()
		c := newPages(t, pageSettings{})
		p := c.begin("bob", "fire")
		c.follow(c.as("carol").post("end", "id", p.ID, "version", "1"))
		w := c.post("end", "id", p.ID, "version", "1")
		require.Equal(t, http.StatusConflict, w.Code)
		w.says("It is not in force any more", "The site is up")
	})
	t.Run("an end of all, while something was begun", func(t *testing.T) {
		t.Parallel()
		c := newPages(t, pageSettings{})
		c.begin("bob", "fire")
		c.begin("carol", "water")
		revision := c.get("").hidden("revision")
		c.begin("dave", "migration: do not open")
		w := c.post("end-all", "revision", revision)
		require.Equal(t, http.StatusConflict, w.Code)
		w.says("Somebody else was faster", "migration: do not open", "3 periods hold the site down")
		require.Len(t, c.document().Periods, 3)
	})
}

func TestSecondStartOfTheSameOperatorIsAChange(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	c.begin("alice", "first")
	w := c.follow(c.post("start", "reason", "second", "revision", "1", "zone", "UTC"))
	require.Equal(t, "changed", w.attribute("data-notice"))
	require.Equal(t, "second", c.only().Reason)
}

func TestOverdueIsLoud(t *testing.T) {
	t.Parallel()
	store := newShifted()
	c := newPages(t, pageSettings{store: store})
	c.post("start", "reason", "x", "for", "15m", "revision", "0", "zone", "UTC")
	require.Empty(t, c.get("").attribute("data-overdue"))
	store.set(func(s *shiftedStore) { s.by = time.Hour })
	require.NoError(t, c.gate.Refresh(t.Context()))
	w := c.get("")
	require.Equal(t, "true", w.attribute("data-overdue"))
	w.says("Overdue.", "It was expected to be over", "45 minutes ago", "Nothing opens by itself", "Two clocks disagree")
	require.Equal(t, "true", c.get("schedule").attribute("data-overdue"), "on every page")
}

func TestWhatOpensTheSiteIsSaid(t *testing.T) {
	t.Parallel()
	window := func(c *pageClient, from, to time.Duration) {
		c.plan(core.WindowOptions{Start: time.Now().Add(from), End: time.Now().Add(to).Truncate(time.Second), Actor: "bob"})
	}
	for name, tc := range map[string]struct {
		given func(c *pageClient)
		says  string
		not   string
	}{
		"an expected end opens nothing": {func(c *pageClient) {
			c.post("start", "for", "15m", "revision", "0", "zone", "UTC")
		}, "It stays down until somebody ends it", "by itself"},
		"an automatic end does": {func(c *pageClient) {
			c.post("start", "for", "15m", "auto_end", "yes", "revision", "0", "zone", "UTC")
		}, "It opens by itself then", "until somebody ends it"},
		"the end of a window does": {func(c *pageClient) { window(c, -time.Hour, time.Hour) }, "It opens by itself then", "until somebody ends it"},
		"unless another goes on after it": {func(c *pageClient) {
			window(c, -time.Hour, time.Hour)
			c.plan(core.WindowOptions{Start: time.Now().Add(time.Minute), ExpectedEnd: time.Now().Add(2 * time.Hour), Actor: "bob"})
		}, "It stays down until somebody ends it", "It opens by itself"},
		"a promise that ends before the end": {func(c *pageClient) {
			c.plan(core.WindowOptions{Start: time.Now().Add(-time.Hour), For: 3 * time.Hour, ExpectedEnd: time.Now().Add(time.Hour), Actor: "bob"})
		}, "It opens by itself ", "It opens by itself then"},
		"nobody has said": {func(c *pageClient) { c.begin("bob", "x") }, "Nobody has said when it will be over. It stays down until somebody ends it", "by itself"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newPages(t, pageSettings{})
			tc.given(c)
			banner, _, _ := strings.Cut(c.get("").text(), "What holds the site down")
			require.Contains(t, banner, tc.says)
			require.NotContains(t, banner, tc.not)
		})
	}
}

func TestStateIsToldAsItWasSeen(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		gate  func(t *testing.T, c *core.Config)
		setup func(t *testing.T, c *pageClient, store *shiftedStore)
		state string
		says  []string
		warns string
	}{
		"held down by its configuration, while the store says up": {
			gate:  func(_ *testing.T, c *core.Config) { c.Down = true },
			state: "mixed", says: []string{"This instance refuses visitors", "held down by its configuration (Down)", "Nothing on this page opens it"},
		},
		"held down by a file, while the store says down": {
			gate:  func(t *testing.T, c *core.Config) { c.OverrideFile = overrideFile(t, "down") },
			setup: func(_ *testing.T, c *pageClient, _ *shiftedStore) { c.begin("bob", "x") },
			state: "down", says: []string{"held down by its override file as well: ending everything below does not open it"},
		},
		"held up by a file, while the store says down": {
			gate:  func(t *testing.T, c *core.Config) { c.OverrideFile = overrideFile(t, "up") },
			setup: func(_ *testing.T, c *pageClient, _ *shiftedStore) { c.begin("bob", "x") },
			state: "mixed", says: []string{"This instance serves visitors, though the store says down", "held up by its override file"},
		},
		"held up by a file, while the store says up": {
			gate:  func(t *testing.T, c *core.Config) { c.OverrideFile = overrideFile(t, "up") },
			state: "up", says: []string{"The site is up", "would not take this instance down"},
		},
		"an override file that says nothing known": {
			gate: func(t *testing.T, c *core.Config) {
				c.OverrideFile, c.FirstStart = overrideFile(t, "dwon"), core.FirstStartOpen
			},
			state: "up", says: []string{"The override file cannot be read"}, warns: "override-unreadable",
		},
		"a store that does not answer any more, while up": {
			setup: func(_ *testing.T, c *pageClient, s *shiftedStore) {
				c.get("")
				s.set(func(s *shiftedStore) { s.err = errors.New("connection refused") })
				_ = c.gate.Refresh(c.t.Context())
			},
			state: "unknown", says: []string{"The site was up when the store was last read", "The store cannot be read", "connection refused"}, warns: "store-unreadable",
		},
		"a store that does not answer any more, while down": {
			setup: func(_ *testing.T, c *pageClient, s *shiftedStore) {
				c.begin("bob", "fire")
				c.get("")
				s.set(func(s *shiftedStore) { s.err = errors.New("connection refused") })
				_ = c.gate.Refresh(c.t.Context())
			},
			state: "down", says: []string{"down for visitors, as far as is known", "keeps the last known state", "by bob, because fire"}, warns: "store-unreadable",
		},
		"a store that has lost its document": {
			setup: func(_ *testing.T, c *pageClient, s *shiftedStore) {
				c.begin("bob", "fire")
				c.get("")
				s.set(func(s *shiftedStore) { s.err = core.ErrLost })
				_ = c.gate.Refresh(c.t.Context())
			},
			state: "down", says: []string{"The store has lost its document", "Begin anew, and open the site"}, warns: "store-lost",
		},
		"a store that went back in time": {
			setup: func(t *testing.T, c *pageClient, s *shiftedStore) {
				t.Helper()
				c.begin("bob", "fire")
				old := c.document()
				c.begin("carol", "water")
				c.get("")
				s.set(func(s *shiftedStore) { s.lies = func(*core.Document) *core.Document { return old } })
				_ = c.gate.Refresh(c.t.Context())
			},
			state: "mixed", says: []string{"The store has gone back in time", "downtime reconcile --above 2"}, warns: "regressed",
		},
		"a document that was edited by hand": {
			setup: func(t *testing.T, c *pageClient, s *shiftedStore) {
				t.Helper()
				c.begin("bob", "fire")
				s.set(func(s *shiftedStore) {
					s.lies = func(d *core.Document) *core.Document {
						edited := *d
						edited.Periods = []core.Period{d.Periods[0]}
						edited.Periods[0].Reason = "by hand"
						return &edited
					}
				})
			},
			state: "down", says: []string{"The store was edited by hand", "by hand"}, warns: "hand-edited",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := newShifted()
			c := newPages(t, pageSettings{store: store, gate: func(c *core.Config) {
				if tc.gate != nil {
					tc.gate(t, c)
				}
			}})
			if tc.setup != nil {
				tc.setup(t, c, store)
			}
			w := c.get("")
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, tc.state, w.attribute("data-state"), w.text())
			w.says(tc.says...)
			require.Equal(t, tc.warns, w.attribute("data-warning"), w.text())
			for _, path := range []string{"schedule", "fleet", "log", "visitors", "add", "zone"} {
				require.Equal(t, http.StatusOK, c.get(path).Code, path)
			}
		})
	}
}

func overrideFile(t *testing.T, word string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "override")
	require.NoError(t, os.WriteFile(path, []byte(word), 0o600))
	return path
}

func TestStoreThatWasNeverRead(t *testing.T) {
	t.Parallel()
	store := newShifted()
	store.err = errors.New("connection refused")
	c := newPages(t, pageSettings{store: store})
	w := c.get("")
	require.Equal(t, "unknown", w.attribute("data-state"))
	w.says("has never read its store", "Nobody knows whether the site ought to be up", "connection refused", "never")
}

func TestBeginAnewOverALostDocument(t *testing.T) {
	t.Parallel()
	store := newShifted()
	c := newPages(t, pageSettings{store: store})
	c.begin("bob", "fire")
	c.get("")
	require.Equal(t, http.StatusConflict, c.post("end-all", "revision", "0").Code, "a revision that was seen is not begun anew over")
	store.set(func(s *shiftedStore) { s.err = core.ErrLost })
	require.Equal(t, http.StatusConflict, c.post("end-all", "revision", "1").Code)
	w := c.post("start", "revision", "1", "reason", "x", "zone", "UTC")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	w.says("refuses everything but to begin anew")
}

func TestWritesThatFailAreToldAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err    error
		says   string
		status int
	}{
		"a store that may only be read": {core.ErrReadOnly, "this application may only read its store", http.StatusServiceUnavailable},
		"a store that is lost":          {core.ErrLost, "the store has lost its document", http.StatusServiceUnavailable},
		"a write that may have taken place": {
			core.ErrUnconfirmed, "Nobody knows whether this was written", http.StatusServiceUnavailable,
		},
		"a store that fails":                  {errors.New("disk is full"), "Nothing was written", http.StatusServiceUnavailable},
		"a store whose fault looks like ours": {&core.FieldError{Field: "reason", Problem: "is odd in the store"}, "Nothing was written", http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mem := memstore.New()
			broken := &brokenStore{Store: mem}
			c := newPages(t, pageSettings{store: broken})
			window := c.plan(core.WindowOptions{Start: time.Now().Add(time.Hour), For: time.Hour, Actor: "bob"})
			p := c.begin("bob", "fire")
			broken.commit = func(func() error) error { return tc.err }
			for path, form := range map[string][]string{
				"start":   {"reason", "kept as typed", "revision", "2", "zone", "UTC"},
				"end":     {"id", p.ID, "version", "1"},
				"end-all": {"revision", "2"},
				"disable": {"id", window.ID, "version", "1"},
				"delete":  {"id", window.ID, "version", "1"},
				"add":     {"reason", "kept as typed", "start", "2097-01-01T00:00", "end", "2097-01-01T01:00", "zone", "UTC"},
				"edit":    {"id", window.ID, "version", "1", "reason", "kept as typed", "start", "2097-01-01T00:00", "end", "2097-01-01T01:00", "zone", "UTC"},
			} {
				w := c.post(path, form...)
				require.Equal(t, tc.status, w.Code, path+": "+w.text())
				w.says(tc.says)
				if len(form) > 4 {
					w.says("kept as typed")
				}
				require.Empty(t, w.Header().Get("Location"))
			}
			require.Equal(t, int64(2), c.document().Revision)
		})
	}
}

func TestWhoIsCutToWhatANameMayBe(t *testing.T) {
	t.Parallel()
	long := "  " + string(make([]rune, 300)) + "é\xff"
	c := newPages(t, pageSettings{page: func(c *admin.Config) {
		c.Actor = func(context.Context, *http.Request) string { return "ann\xff" + long }
		c.Origin = func(context.Context, *http.Request) string { return long + "x" }
	}})
	c.follow(c.post("start", "revision", "0", "zone", "UTC"))
	require.LessOrEqual(t, len(c.only().Holder), core.MaxNameLen)
	entries, err := core.Log(t.Context(), c.store, 1)
	require.NoError(t, err)
	require.LessOrEqual(t, len(entries[0].Origin), core.MaxNameLen)
}
