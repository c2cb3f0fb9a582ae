package admin_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// TestBarrierOfEveryResult: the page and GET state show the result of the function that the command
// uses, and only a safe one is called safe to migrate.
func TestBarrierOfEveryResult(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		given func(b *barrierSite)
		want  operator.Safety
		says  []string
	}{
		"safe": {
			given: func(b *barrierSite) { b.begin("alice", "x") },
			want:  operator.Safe, says: []string{"Safe to migrate", "Safe: 1 live instance refuses, and every request admitted before has ended."},
		},
		"safe, until it ends by itself": {
			given: func(b *barrierSite) {
				_, err := operator.Operator{Store: b.store, Actor: "alice"}.Start(b.t.Context(), operator.StartOptions{EndAfter: time.Hour})
				require.NoError(b.t, err)
			},
			want: operator.Safe, says: []string{"Safe to migrate", "This ends ", "in 1 hour."},
		},
		"presumed": {
			given: func(b *barrierSite) {
				b.report(period.Row{ID: "gone", Host: "web2", PID: 7, State: period.Open}, time.Second)
				time.Sleep(10 * time.Second)
				_, err := operator.Operator{Store: b.store, Actor: "bob"}.Forget(b.t.Context(), operator.ForgetOptions{ID: "gone"})
				require.NoError(b.t, err)
				b.begin("alice", "x")
			},
			want: operator.Presumed,
			says: []string{"Presumed, and not proved", "Presumed safe: 1 live instance has drained, and 1 more accepted without a proof.", "was forgotten"},
		},
		"not drained": {
			given: func(b *barrierSite) {
				b.report(period.Row{ID: "dead", Host: "web3", PID: 8, State: period.Open}, time.Second)
				time.Sleep(10 * time.Second)
				b.begin("alice", "x")
				b.report(period.Row{ID: "busy", Host: "web2", PID: 7, State: period.Closed, InFlight: 3, Streams: map[string]int64{"chat": 2}}, time.Minute)
				b.report(period.Row{ID: "held", Host: "web4", PID: 9, State: period.Open, Override: "up"}, time.Minute)
			},
			want: operator.NotDrained,
			says: []string{
				"Not drained yet", "Not drained: waiting for 3 of 4 instances.", "The site is down since ",
				"web2/7 refuses, and has not drained, 3 requests in flight, streams: chat 2", "web4/9 serves: override up",
				"web3/8 is silent: dead or cut off, the store cannot tell, since ", "If it is dead: downtime fleet forget dead",
			},
		},
		"not drained, because the list is young": {
			given: func(b *barrierSite) { b.young.Store(true); b.begin("alice", "x") },
			want:  operator.NotDrained, says: []string{"Not drained yet", "Not drained: the list of instances is less than 20 s old, and may lack one."},
		},
		"no instance": {
			given: func(b *barrierSite) { b.empty.Store(true); b.begin("alice", "x") },
			want:  operator.NoInstance, says: []string{"No live instance", "No live instance: none has reported to this store, or all have left."},
		},
		"unknown, without rows": {
			given: func(b *barrierSite) { b.fails.Store(true); b.begin("alice", "x") },
			want:  operator.Unknown, says: []string{"Not known", "Unknown: the instances cannot be listed, so it cannot be known what they do."},
		},
		"unknown, edited by hand": {
			given: func(b *barrierSite) { b.begin("alice", "x"); b.edited.Store(true) },
			want:  operator.Unknown, says: []string{"Not known", "Unknown: the document was edited by hand"},
		},
		"up": {given: func(*barrierSite) {}},
		"superseded": {
			given: func(b *barrierSite) {
				id := b.begin("alice", "x").ID
				_, err := operator.Operator{Store: b.store, Actor: "bob"}.End(b.t.Context(), operator.EndOptions{ID: id})
				require.NoError(b.t, err)
				b.query = "?follow=yes&watch=" + id
			},
			want: operator.Superseded, says: []string{"Superseded: do not go on", "is not in force any more.", "Show the present state", "The site is up"},
		},
		"superseded, although another holds the site down": {
			given: func(b *barrierSite) { b.begin("alice", "x"); b.query = "?watch=ended" },
			want:  operator.Superseded, says: []string{"Superseded: do not go on", "ended is not in force any more."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := &barrierSite{Store: memstore.New(), t: t}
				st.pageClient = newPages(t, pageSettings{store: st})
				tt.given(st)
				if !st.young.Load() {
					time.Sleep(30 * time.Second)
				}
				synctest.Wait()
				w := st.get(st.query)
				w.says(tt.says...)
				require.Equal(t, string(tt.want), w.attribute("data-barrier"))
				require.Equal(t, tt.want == operator.Safe, strings.Contains(strings.ToLower(w.text()), "safe to migrate"))
				if tt.want == operator.Superseded {
					return // the API is not told which period a client watches
				}
				got := apiClient{t: t, page: st.page, gate: st.gate, store: st}.do("GET", "state", "")
				require.Equal(t, string(tt.want), got.text("barrier", "result"), got.Body)
				if summary := got.text("barrier", "summary"); tt.want != "" {
					require.Contains(t, w.text(), summary[1:])
				}
			})
		})
	}
}

// TestAnInstanceThatLagsIsNamed: the headline waits some seconds for the reports of a change, and not
// longer.
func TestAnInstanceThatLagsIsNamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := &barrierSite{Store: memstore.New(), t: t}
		st.pageClient = newPages(t, pageSettings{store: st})
		st.begin("bob", "x")
		st.report(period.Row{ID: "late", Host: "web2", PID: 7, State: period.Open}, time.Minute)
		synctest.Wait()
		require.Equal(t, "down", st.get("").attribute("data-state"))
		time.Sleep(10 * time.Second)
		w := st.get("")
		require.Equal(t, "mixed", w.attribute("data-state"))
		w.says("Down, but 1 of 2 instances serves: host web2 ")
	})
}

// barrierSite is the pages over a store whose list of rows a test changes.
type barrierSite struct {
	*memstore.Store
	*pageClient

	t                           *testing.T
	young, empty, fails, edited atomic.Bool
	query                       string
}

func (s *barrierSite) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	blob, err := s.Store.Get(ctx, have)
	return s.changed(blob), err
}

func (s *barrierSite) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	set, err := s.Store.ListRows(ctx, have)
	if s.empty.Load() {
		set.Rows = nil
	}
	if s.fails.Load() {
		err = context.DeadlineExceeded
	}
	set.Blob = s.changed(set.Blob)
	return set, err
}

func (s *barrierSite) changed(blob store.Blob) store.Blob {
	if s.edited.Load() && blob.Bytes != nil {
		blob.Bytes = []byte(strings.Replace(string(blob.Bytes), `"x"`, `"y"`, 1))
		blob.Token = store.TokenOf(blob.Bytes)
	}
	return blob
}

// report writes the row of another instance, about the present document.
func (s *barrierSite) report(row period.Row, lease time.Duration) {
	s.t.Helper()
	mark := s.document().Mark()
	row.StoreID, row.Revision, row.WriteID, row.Reads = mark.StoreID, mark.Revision, mark.WriteID, period.Reads()
	b, err := row.Encode()
	require.NoError(s.t, err)
	_, _, err = s.PutRow(s.t.Context(), row.ID, b, lease)
	require.NoError(s.t, err)
}
