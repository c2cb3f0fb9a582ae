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

	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// shiftedStore is a store whose clock a test can put forward, and whose reads can fail.
type shiftedStore struct {
	*memstore.Store

	mu   sync.Mutex
	by   time.Duration
	err  error
	lies func(d *period.Document) *period.Document // the document instead of the stored one
}

func newShifted() *shiftedStore { return &shiftedStore{Store: memstore.New()} }

func (s *shiftedStore) set(change func(s *shiftedStore)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *shiftedStore) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	set, err := s.ListRows(ctx, "")
	if err == nil && have != "" && set.Blob.Token == have {
		return store.Blob{Token: have, Now: set.Blob.Now}, store.ErrUnchanged
	}
	return set.Blob, err
}

func (s *shiftedStore) ListRows(ctx context.Context, _ store.Token) (store.Rowset, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return store.Rowset{}, s.err
	}
	set, err := s.Store.ListRows(ctx, "")
	set.Blob.Now = set.Blob.Now.Add(s.by)
	for i, row := range set.Rows {
		if row.Life == store.Live && !row.Lease.After(set.Blob.Now) {
			set.Rows[i].Life = store.Expired
		}
	}
	if s.lies == nil || err != nil {
		return set, err
	}
	doc, err := period.Decode(set.Blob.Bytes)
	if err == nil {
		set.Blob.Bytes, err = s.lies(doc).Encode()
	}
	set.Blob.Token = store.TokenOf(set.Blob.Bytes)
	return set, err
}

func (s *shiftedStore) PutRow(ctx context.Context, key string, b []byte, lease time.Duration) (store.Token, time.Time, error) {
	token, at, err := s.Store.PutRow(ctx, key, b, lease)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		err = s.err
	}
	return token, at.Add(s.by), err
}

func TestOverdueIsLoud(t *testing.T) {
	t.Parallel()
	shifted := newShifted()
	c := newPages(t, pageSettings{store: shifted})
	c.post("start", "reason", "x", "for", "15m", "revision", "0", "zone", "UTC")
	require.Empty(t, c.get("").attribute("data-overdue"))
	shifted.set(func(s *shiftedStore) { s.by = time.Hour })
	require.NoError(t, c.gate.Refresh(t.Context()))
	w := c.get("")
	require.Equal(t, "true", w.attribute("data-overdue"))
	w.says("Overdue.", "It was expected to be over", "The site does not open by itself", "Two clocks disagree")
	require.Equal(t, "true", c.get("schedule").attribute("data-overdue"), "on every page")
}

func TestWhatOpensTheSiteIsSaid(t *testing.T) {
	t.Parallel()
	window := func(c *pageClient, from, to time.Duration) {
		c.plan("bob", operator.WindowOptions{Start: time.Now().Add(from), End: time.Now().Add(to).Truncate(time.Second)})
	}
	for name, tc := range map[string]struct {
		given func(c *pageClient)
		says  string
		not   string
	}{
		"an expected end opens nothing": {func(c *pageClient) {
			c.post("start", "for", "15m", "revision", "0", "zone", "UTC")
		}, "The site stays down until an operator ends it", "by itself"},
		"an automatic end does": {func(c *pageClient) {
			c.post("start", "for", "15m", "auto_end", "yes", "revision", "0", "zone", "UTC")
		}, "The site opens by itself then", "until an operator ends it"},
		"the end of a window does": {func(c *pageClient) { window(c, -time.Hour, time.Hour) }, "The site opens by itself then", "until an operator ends it"},
		"unless another goes on after it": {func(c *pageClient) {
			window(c, -time.Hour, time.Hour)
			c.plan("bob", operator.WindowOptions{Start: time.Now().Add(time.Minute), ExpectedEnd: time.Now().Add(2 * time.Hour)})
		}, "The site stays down until an operator ends it", "The site opens by itself"},
		"a promise that ends before the end": {func(c *pageClient) {
			c.plan("bob", operator.WindowOptions{Start: time.Now().Add(-time.Hour), EndAfter: 3 * time.Hour, ExpectedEnd: time.Now().Add(time.Hour)})
		}, "The site opens by itself ", "The site opens by itself then"},
		"no end was given": {func(c *pageClient) { c.begin("bob", "x") }, "No end was given. The site stays down until an operator ends it", "by itself"},
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
		setup func(t *testing.T, c *pageClient, s *shiftedStore)
		state string
		says  []string
		warns string
	}{
		"held down by its configuration, while the store says up": {
			gate:  func(_ *testing.T, c *core.Config) { c.Down = true },
			state: "mixed", says: []string{"Up, but 1 of 1 instance refuses: host ", "(override down)", "This instance is held down by its configuration (Down)", "Nothing on this page opens it"},
		},
		"held down by a file, while the store says down": {
			gate:  func(t *testing.T, c *core.Config) { c.OverrideFile = overrideFile(t, "down") },
			setup: func(_ *testing.T, c *pageClient, _ *shiftedStore) { c.begin("bob", "x") },
			state: "down", says: []string{"held down by its override file as well: ending everything below does not open it"},
		},
		"held up by a file, while the store says down": {
			gate:  func(t *testing.T, c *core.Config) { c.OverrideFile = overrideFile(t, "up") },
			setup: func(_ *testing.T, c *pageClient, _ *shiftedStore) { c.begin("bob", "x") },
			state: "mixed", says: []string{"Down, but 1 of 1 instance serves: host ", "(override up)", "held up by its override file"},
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
			state: "unknown", says: []string{"The site was up at ", "This instance serves visitors now", "Nothing can be changed here until", "The store cannot be read", "connection refused"}, warns: "store-unreadable",
		},
		"a store that does not answer any more, while down": {
			setup: func(_ *testing.T, c *pageClient, s *shiftedStore) {
				c.begin("bob", "fire")
				c.get("")
				s.set(func(s *shiftedStore) { s.err = errors.New("connection refused") })
				_ = c.gate.Refresh(c.t.Context())
			},
			state: "unknown", says: []string{"The site was down at ", "This instance refuses visitors now", "keeps that state", "by bob, because fire"}, warns: "store-unreadable",
		},
		"a store that has lost its document": {
			setup: func(_ *testing.T, c *pageClient, s *shiftedStore) {
				c.begin("bob", "fire")
				c.get("")
				s.set(func(s *shiftedStore) { s.err = store.ErrLost })
				_ = c.gate.Refresh(c.t.Context())
			},
			state: "unknown", says: []string{"The site was down at ", "The store has lost its document", "Begin anew, and open the site"}, warns: "store-lost",
		},
		"a store that went back in time": {
			setup: func(t *testing.T, c *pageClient, s *shiftedStore) {
				t.Helper()
				c.begin("bob", "fire")
				old := c.document()
				c.begin("carol", "water")
				c.get("")
				s.set(func(s *shiftedStore) { s.lies = func(*period.Document) *period.Document { return old } })
				_ = c.gate.Refresh(c.t.Context())
			},
			state: "mixed", says: []string{"The store has gone back in time", "downtime reconcile --above 2"}, warns: "regressed",
		},
		"a store that went back, as only another instance has seen": {
			setup: func(t *testing.T, c *pageClient, s *shiftedStore) {
				t.Helper()
				c.begin("bob", "fire")
				row, err := period.Row{
					ID: "other", Host: "web9", Reads: period.Reads(), State: period.Closed,
					StoreID: c.document().StoreID, Revision: 17, WriteID: "later",
				}.Encode()
				require.NoError(t, err)
				_, _, err = s.PutRow(t.Context(), "other", row, time.Minute)
				require.NoError(t, err)
			},
			state: "mixed", says: []string{"The store has gone back in time", "does not continue revision 17, which host web9 has seen"},
		},
		"a document that was edited by hand": {
			setup: func(t *testing.T, c *pageClient, s *shiftedStore) {
				t.Helper()
				c.begin("bob", "fire")
				s.set(func(s *shiftedStore) {
					s.lies = func(d *period.Document) *period.Document {
						edited := *d
						edited.Periods = []period.Period{d.Periods[0]}
						edited.Periods[0].Reason = "by hand"
						return &edited
					}
				})
			},
			state: "down", says: []string{"The document was edited by hand", "by hand"}, warns: "hand-edited",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shifted := newShifted()
			c := newPages(t, pageSettings{store: shifted, gate: func(c *core.Config) {
				if tc.gate != nil {
					tc.gate(t, c)
				}
			}})
			if tc.setup != nil {
				tc.setup(t, c, shifted)
			}
			w := c.get("")
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, tc.state, w.attribute("data-state"), w.text())
			w.says(tc.says...)
			require.Equal(t, tc.warns, w.attribute("data-warning"), w.text())
			if tc.state == "unknown" {
				require.NotContains(t, w.Body.String(), `class="open big"`, "no green button that cannot work")
			}
			for _, path := range []string{"schedule", "fleet", "log", "visitors", "add", "zone"} {
				require.Equal(t, http.StatusOK, c.get(path).Code, path)
			}
		})
	}
}

func TestDocumentThatCannotBeRead(t *testing.T) {
	t.Parallel()
	broken := &brokenStore{Store: memstore.New()}
	c := newPages(t, pageSettings{store: broken})
	c.begin("bob", "fire")
	c.get("")
	broken.bytes = `{"format": 99}`
	w := c.get("")
	require.Equal(t, "unknown", w.attribute("data-state"))
	require.Equal(t, "store-unreadable", w.attribute("data-warning"))
	w.says("keeps that state", "by bob, because fire")
	require.NotContains(t, w.text(), "Begin anew", "the document is not lost")
	w = c.post("start", "revision", "1", "reason", "kept as typed", "zone", "UTC")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	w.says("Nothing was changed", "a newer version of downtime wrote the document", "kept as typed")
}

func overrideFile(t *testing.T, word string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "override")
	require.NoError(t, os.WriteFile(path, []byte(word), 0o600))
	return path
}

func TestStoreThatWasNeverRead(t *testing.T) {
	t.Parallel()
	shifted := newShifted()
	shifted.err = errors.New("connection refused")
	c := newPages(t, pageSettings{store: shifted})
	w := c.get("")
	require.Equal(t, "unknown", w.attribute("data-state"))
	w.says("has never read its store", "It is not known whether the site should be up", "connection refused", "never")
}

func TestBeginAnewOverALostDocument(t *testing.T) {
	t.Parallel()
	shifted := newShifted()
	c := newPages(t, pageSettings{store: shifted})
	c.begin("bob", "fire")
	c.get("")
	require.Equal(t, http.StatusConflict, c.post("end-all", "revision", "0").Code, "a revision that was seen is not begun anew over")
	shifted.set(func(s *shiftedStore) { s.err = store.ErrLost })
	require.Equal(t, http.StatusConflict, c.post("end-all", "revision", "1").Code)
	w := c.post("start", "revision", "1", "reason", "x", "zone", "UTC")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	w.says("the store has lost its document")
}

func TestWritesThatFailAreToldAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err    error
		says   string
		status int
	}{
		"a store that may only be read": {store.ErrReadOnly, "this process cannot write to the store", http.StatusServiceUnavailable},
		"a store that is lost":          {store.NotWritten(store.ErrLost), "the store has lost its document", http.StatusServiceUnavailable},
		"a write that may have taken place": {
			store.ErrUnconfirmed, "The write is not confirmed", http.StatusServiceUnavailable,
		},
		"a store that fails": {store.NotWritten(errors.New("disk is full")), "Nothing was changed", http.StatusServiceUnavailable},
		"a store that does not say whether it wrote": {
			errors.New("connection reset"), "The write is not confirmed", http.StatusServiceUnavailable,
		},
		"a store whose fault looks like ours": {store.NotWritten(&period.FieldError{Field: "reason", Problem: "is odd in the store"}), "Nothing was changed", http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mem := memstore.New()
			broken := &brokenStore{Store: mem}
			c := newPages(t, pageSettings{store: broken})
			window := c.plan("bob", operator.WindowOptions{Start: time.Now().Add(time.Hour), EndAfter: time.Hour})
			p := c.begin("bob", "fire")
			broken.swap = func(func() error) error { return tc.err }
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

// TestAnInstanceThatDiffersIsInTheHeadline: the page leads with a live instance that does the
// opposite of the store, as status does.
func TestAnInstanceThatDiffersIsInTheHeadline(t *testing.T) {
	t.Parallel()
	rows := memstore.New()
	c := newPages(t, pageSettings{store: rows})
	p := c.begin("bob", "x")
	require.Equal(t, "down", c.get("").attribute("data-state"))
	d := c.document()
	row := period.Row{ID: "web", Host: "web1", PID: 7, Reads: period.Reads(), State: period.Open, Override: "up", StoreID: d.StoreID, Revision: d.Revision, WriteID: d.WriteID}
	report(t, rows, row, time.Minute)
	w := c.get("")
	require.Equal(t, "mixed", w.attribute("data-state"))
	w.says("Down, but 1 of 2 instances serves: host web1 (override up)")
	require.NotContains(t, w.text(), "and open the site …", "ending it may open nothing")
	require.Equal(t, "mixed", c.get("schedule").attribute("data-state"))
	c.follow(c.post("end", "id", p.ID, "version", "1"))
	row.State, row.Override = period.Closed, "down"
	report(t, rows, row, time.Minute)
	w = c.get("")
	require.Equal(t, "mixed", w.attribute("data-state"))
	w.says("Up, but 1 of 2 instances refuses: host web1 (override down)")
}

func TestNameAndEnvironmentAreOnEveryPage(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{page: func(c *admin.Config) { c.Name, c.Environment = "shop <1>", "staging" }})
	c.begin("bob", "x")
	for _, path := range []string{"", "schedule", "fleet", "log", "visitors", "add", "zone"} {
		w := c.get(path)
		require.Contains(t, w.Body.String(), " · shop &lt;1&gt; (staging)</title>", path)
		w.says("shop <1> staging")
	}
}

// TestNameOfTheDocument: without a configured name, the page has the name in the store, also while
// that cannot be read.
func TestNameOfTheDocument(t *testing.T) {
	t.Parallel()
	shifted := newShifted()
	_, err := operator.Operator{Store: shifted, Actor: "bob"}.Init(t.Context(), operator.InitOptions{Name: "shop <2>"})
	require.NoError(t, err)
	c := newPages(t, pageSettings{store: shifted, page: func(c *admin.Config) { c.Environment = "Production" }})
	w := c.get("")
	require.Contains(t, w.Body.String(), "<title>The site is up · shop &lt;2&gt; (Production)</title>")
	require.Contains(t, w.Body.String(), `<bdi class="of live">Production</bdi>`)
	c.reviews("Take the site down?", "start", "revision", "1", "zone", "UTC").says("Siteshop <2>, Production")
	shifted.set(func(s *shiftedStore) { s.err = errors.New("no route to host") })
	c.get("fleet").says("shop <2> (Production)")
}
