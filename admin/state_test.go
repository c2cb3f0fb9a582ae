package admin_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
