package core_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

var errOutage = errors.New("connection refused")

// During each of these outages a closed gate stays closed, and an open gate stays open.
func outages() map[string]func(*faulty) {
	return map[string]func(*faulty){
		"reads fail":           func(f *faulty) { f.fails(errOutage) },
		"the document is gone": func(f *faulty) { f.fails(store.ErrLost) },
		"the document is missing": func(f *faulty) {
			f.reads(func(context.Context, store.Token) (store.Blob, error) {
				return store.Blob{Now: time.Now()}, store.ErrNeverWritten
			})
		},
		"reads hang": func(f *faulty) {
			f.reads(func(ctx context.Context, _ store.Token) (store.Blob, error) {
				<-ctx.Done()
				return store.Blob{}, ctx.Err()
			})
		},
		"reads panic": func(f *faulty) {
			f.reads(func(context.Context, store.Token) (store.Blob, error) { panic("driver bug") })
		},
	}
}

func TestALostStoreChangesNothing(t *testing.T) {
	t.Parallel()
	for name, outage := range outages() {
		for _, down := range []bool{false, true} {
			t.Run(name+map[bool]string{false: ", open", true: ", closed"}[down], func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					st := newFaulty()
					if start(t, st, operator.StartOptions{Holder: "kim"}); !down {
						end(t, st)
					}
					gate, book := newGate(t, core.Config{Store: st})
					outage(st)
					time.Sleep(2 * time.Hour)
					status := gate.Status()
					require.Equal(t, down, !status.Open)
					require.Equal(t, core.StoreLost, status.Health)
					require.Error(t, status.Err)
					require.Error(t, gate.Refresh(t.Context()))
					require.Greater(t, status.Age, 119*time.Minute)

					st.reads(nil)
					time.Sleep(20 * time.Second)
					require.Equal(t, core.StoreFresh, gate.Status().Health)
					require.NoError(t, gate.Status().Err)
					want := []string{"store lost", "store back"}
					if down {
						want = append([]string{"closed", "drained"}, want...)
					}
					require.Equal(t, want, book.messages(), "one line per transition")
				})
			})
		}
	}
}

func TestAWindowEndsWhileTheStoreIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newFaulty()
		schedule(t, st, operator.WindowOptions{Start: time.Now().Add(time.Hour), End: time.Now().Add(3 * time.Hour)})
		gate, _ := newGate(t, core.Config{Store: st})
		st.fails(errOutage)
		time.Sleep(time.Hour - time.Microsecond)
		require.True(t, gate.Status().Open)
		time.Sleep(time.Microsecond)
		synctest.Wait()
		require.False(t, gate.Status().Open, "closed at its start, by a timer")
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		require.True(t, gate.Status().Open, "opened at its own end")
	})
}

func TestOnStoreLostRefuse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newFaulty()
		gate, book := newGate(t, core.Config{Store: st, OnStoreLost: core.Refuse, MaxStale: 30 * time.Second, PollInterval: time.Second})
		time.Sleep(time.Hour)
		require.True(t, gate.Status().Open)
		st.fails(errOutage)
		time.Sleep(28 * time.Second)
		require.True(t, gate.Status().Open)
		time.Sleep(4 * time.Second)
		status := gate.Status()
		require.False(t, status.Open)
		require.Equal(t, core.CauseStoreLost, status.Closure.Cause)
		w := get(gate.Handler(ok), "/")
		require.Equal(t, "down;kind=store-lost", w.Header().Get("Downtime"))
		require.NotContains(t, w.Body.String(), "refused", "errors are not for the public")
		time.Sleep(time.Hour)
		st.reads(nil)
		time.Sleep(3 * time.Second) // a poll is spread by a fifth
		synctest.Wait()
		require.True(t, gate.Status().Open)
		require.Equal(t, []string{"store lost", "closed", "drained", "store back", "opened"}, book.messages())
	})
}

func TestALostStoreKeepsSince(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newFaulty()
		gate, _ := newGate(t, core.Config{Store: st, OnStoreLost: core.Refuse, MaxStale: 30 * time.Second, PollInterval: time.Second})
		time.Sleep(time.Hour)
		st.fails(errOutage)
		time.Sleep(time.Minute)
		first := gate.Status().Closure.Since
		require.Equal(t, core.CauseStoreLost, gate.Status().Closure.Cause)
		time.Sleep(time.Hour)
		start(t, st.Store, operator.StartOptions{Holder: "kim"})
		st.reads(nil)
		time.Sleep(3 * time.Second) // a poll is spread by a fifth
		synctest.Wait()
		require.Equal(t, core.CausePeriod, gate.Status().Closure.Cause)
		require.Equal(t, first, gate.Status().Closure.Since, "the gate has refused since then")
	})
}

func TestVisitorsAreNotToldSinceWhenAnInstanceStarts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newFaulty()
		start(t, st.Store, operator.StartOptions{Holder: "kim"})
		time.Sleep(time.Hour)
		st.fails(errOutage)
		gate, _ := newGate(t, core.Config{Store: st, PollInterval: time.Second})
		w := get(gate.Handler(ok), "/")
		require.Equal(t, "down;kind=starting", w.Header().Get("Downtime"))
		require.NotContains(t, w.Body.String(), "Down since", "the site is down for an hour, which this instance cannot know")
		st.reads(nil)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		require.Contains(t, get(gate.Handler(ok), "/").Body.String(), "Down since: 2000-01-01T00:00:00Z", "as on every instance")
	})
}

func TestASlowPollIsNotALostStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate, book := newGate(t, core.Config{Store: newFaulty(), OnStoreLost: core.Refuse, MaxStale: time.Second, PollInterval: time.Hour})
		time.Sleep(100 * time.Hour)
		require.True(t, gate.Status().Open)
		require.Empty(t, book.messages())
	})
}

func TestFirstStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy core.FirstStartPolicy
		code   int
	}{
		"refuses by default": {core.FirstStartRefuse, http.StatusServiceUnavailable},
		"opens when told to": {core.FirstStartOpen, http.StatusOK},
	} {
		for outageName, outage := range outages() {
			if outageName == "the document is missing" {
				continue // for a store that may begin empty this is a good read: the site is up
			}
			t.Run(name+", "+outageName, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					st := newFaulty()
					start(t, st, operator.StartOptions{Holder: "kim"})
					outage(st)
					before := time.Now()
					gate, _ := newGate(t, core.Config{Store: st, FirstStart: c.policy})
					require.LessOrEqual(t, time.Since(before), 2*time.Second)
					w := get(gate.Handler(ok), "/")
					require.Equal(t, c.code, w.Code)
					require.Equal(t, core.StoreNeverRead, gate.Status().Health)
					if c.code != http.StatusOK {
						require.Equal(t, "down;kind=starting", w.Header().Get("Downtime"))
					}
					st.reads(nil)
					time.Sleep(10 * time.Second)
					w = get(gate.Handler(ok), "/")
					require.Equal(t, "down;kind=planned", w.Header().Get("Downtime"))
				})
			})
		}
	}
}

func TestAStoreThatIgnoresItsDeadlineBlocksNoCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newFaulty()
		release := make(chan struct{})
		var calls atomic.Int64
		st.reads(func(context.Context, store.Token) (store.Blob, error) {
			calls.Add(1)
			<-release
			return store.Blob{}, errOutage
		})
		before := time.Now()
		gate, _ := newGate(t, core.Config{Store: st, FirstStart: core.FirstStartOpen})
		require.Equal(t, 2*time.Second, time.Since(before))
		time.Sleep(time.Hour)
		require.EqualValues(t, 5, calls.Load(), "a stuck driver holds at most four reads and one write of the row")
		start(t, st.Store, operator.StartOptions{Holder: "kim"})
		st.reads(nil)
		close(release)
		time.Sleep(10 * time.Second)
		require.False(t, gate.Status().Open, "the late answer is dropped, and the next read is fresh")
	})
}

// A rollout of a mistyped configuration stops at its first instance.
func TestFirstStartFail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err   error
		fails bool
	}{
		"no document":          {store.ErrLost, true},
		"a changed document":   {store.ErrTampered, true},
		"no directory":         {fs.ErrNotExist, true},
		"no permission":        {fs.ErrPermission, true},
		"a wrong format":       {nil, true},
		"a refused connection": {errOutage, false},
		"a time-out":           {context.DeadlineExceeded, false},
		"never written":        {store.ErrNeverWritten, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := newFaulty()
				st.reads(func(context.Context, store.Token) (store.Blob, error) {
					if c.err == nil {
						return store.Blob{Token: "t", Bytes: []byte("{")}, nil
					}
					return store.Blob{}, fmt.Errorf("store: %w", c.err)
				})
				cfg := core.Config{Store: st, FirstStart: core.FirstStartFail, Logger: slog.New(slog.DiscardHandler)}
				gate, err := core.New(cfg)
				if c.fails {
					require.Nil(t, gate)
					require.ErrorContains(t, err, "(Config.FirstStart is FirstStartFail)")
					set, _ := st.Store.ListRows(t.Context(), "")
					for _, r := range set.Rows {
						require.Equal(t, store.Deleted, r.Life, "it leaves no row")
					}
					return
				}
				require.NoError(t, err)
				st.reads(nil)
				time.Sleep(10 * time.Second)
				require.True(t, gate.Status().Open)
				require.NoError(t, gate.Shutdown(t.Context()))
			})
		})
	}
}

// A backup is restored while the site is down. The store's document is open, and only the rows of
// other instances show that it went back.
func TestAnInstanceThatStartsAsksTheRowsBeforeItOpens(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		seen   func(row *period.Row) // by the other instance; its row names the document in the store
		life   time.Duration         // of the other row's lease
		policy core.FirstStartPolicy
		open   bool
	}{
		"another has seen the same document":      {func(*period.Row) {}, time.Minute, core.FirstStartRefuse, true},
		"another has read nothing yet":            {func(r *period.Row) { r.StoreID, r.Revision, r.WriteID = "", 0, "" }, time.Minute, core.FirstStartRefuse, true},
		"another has not read the last write":     {func(r *period.Row) { r.Revision, r.WriteID = 1, "w" }, time.Minute, core.FirstStartRefuse, true},
		"another has seen a later revision":       {func(r *period.Row) { r.Revision, r.WriteID = 9, "w" }, time.Minute, core.FirstStartRefuse, false},
		"so has one that is silent by now":        {func(r *period.Row) { r.Revision, r.WriteID = 9, "w" }, -time.Minute, core.FirstStartRefuse, false},
		"another has seen another write":          {func(r *period.Row) { r.WriteID = "w" }, time.Minute, core.FirstStartRefuse, false},
		"another has seen another document":       {func(r *period.Row) { r.StoreID = "other" }, time.Minute, core.FirstStartRefuse, false},
		"another is regressed":                    {func(r *period.Row) { r.Revision, r.WriteID, r.Regressed = 1, "w", true }, time.Minute, core.FirstStartRefuse, false},
		"the operator chose to open all the same": {func(r *period.Row) { r.Revision, r.WriteID = 9, "w" }, time.Minute, core.FirstStartOpen, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := memstore.New()
				start(t, st, operator.StartOptions{Holder: "kim"})
				end(t, st)
				doc := read(t, st)
				row := period.Row{ID: "other", State: period.Closed, StoreID: doc.StoreID, Revision: doc.Revision, WriteID: doc.WriteID}
				c.seen(&row)
				b, err := row.Encode()
				require.NoError(t, err)
				_, _, err = st.PutRow(t.Context(), "other", b, c.life)
				require.NoError(t, err)

				gate, book := newGate(t, core.Config{Store: st, FirstStart: c.policy})
				require.Equal(t, c.open, gate.Status().Open)
				time.Sleep(time.Minute)
				require.Equal(t, c.open, gate.Status().Open)
				if c.open && c.policy == core.FirstStartRefuse {
					require.False(t, gate.Status().Regressed)
					return
				}
				require.True(t, gate.Status().Regressed)
				require.Equal(t, 1, count(book.messages(), "regressed"))
				if !c.open {
					require.Equal(t, core.CauseStarting, gate.Status().Closure.Cause)
				}

				for range 9 { // later writes are based on the backup
					start(t, st, operator.StartOptions{Holder: "kim"})
					end(t, st)
				}
				time.Sleep(time.Minute)
				require.Equal(t, c.open, gate.Status().Open)
				_, err = operator.Operator{Store: st}.Reconcile(t.Context(), operator.ReconcileOptions{Above: 9, Replaces: period.AnyDocument})
				require.NoError(t, err)
				time.Sleep(time.Minute)
				require.True(t, gate.Status().Open)
				require.False(t, gate.Status().Regressed)
			})
		})
	}
}

// A flushed Redis loses the rows too. The instances that know better write them again.
func TestAnInstanceThatStartsAsksTheRowsAgainWhileTheirSetIsNew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		start(t, st, operator.StartOptions{Holder: "kim"})
		end(t, st)
		gate, _ := newGate(t, core.Config{Store: st, PollInterval: time.Hour})
		require.True(t, gate.Status().Open)
		time.Sleep(15 * time.Second)
		b, err := period.Row{ID: "other", State: period.Closed, StoreID: "lost", Revision: 9, WriteID: "w"}.Encode()
		require.NoError(t, err)
		_, _, err = st.PutRow(t.Context(), "other", b, time.Minute)
		require.NoError(t, err)
		time.Sleep(10 * time.Second) // more than the pause between two listings
		require.False(t, gate.Status().Open)
		require.True(t, gate.Status().Regressed)
	})
}

func read(t *testing.T, st store.Store) *period.Document {
	t.Helper()
	state, err := operator.Operator{Store: st}.Read(t.Context())
	require.NoError(t, err)
	return state.Document
}

// A log handler may block, for example on a full pipe. The gate must continue to poll.
func TestAStuckLogHandlerDoesNotStopTheReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newFaulty()
		release := make(chan struct{})
		book := &logbook{}
		gate, err := core.New(core.Config{Store: st, Logger: slog.New(blocking{book, "downtime: closed", release})})
		require.NoError(t, err)
		for range 5 {
			start(t, st, operator.StartOptions{Holder: "kim"})
			time.Sleep(time.Minute)
			require.False(t, gate.Status().Open)
			require.Less(t, gate.Status().Age, 10*time.Second)
			end(t, st)
			time.Sleep(time.Minute)
			require.True(t, gate.Status().Open)
		}
		require.Empty(t, book.messages())
		close(release)
		synctest.Wait()
		require.Equal(t, 5, count(book.messages(), "opened"), "all lines arrive, but late")
		require.NoError(t, gate.Shutdown(t.Context()))
	})
}

// blocking passes lines to a logbook. At one message it blocks until it is released.
type blocking struct {
	*logbook
	at      string
	release chan struct{}
}

func (b blocking) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == b.at {
		<-b.release
	}
	return b.logbook.Handle(ctx, r)
}

func TestRefreshAnswersWithAReadThatBeganAfterIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newFaulty()
		gate, _ := newGate(t, core.Config{Store: st, PollInterval: time.Hour})
		slow := make(chan struct{})
		st.reads(func(ctx context.Context, have store.Token) (store.Blob, error) {
			blob, err := st.Store.Get(context.WithoutCancel(ctx), have)
			<-slow
			return blob, err
		})
		require.Error(t, gate.Refresh(t.Context()), "no answer in time")
		start(t, st.Store, operator.StartOptions{Holder: "kim"})
		st.reads(nil)
		close(slow)
		synctest.Wait()
		require.NoError(t, gate.Refresh(t.Context()))
		require.False(t, gate.Status().Open)
	})
}

func TestARefreshThatTimesOutDoesNotMarkTheStoreAsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newFaulty()
		gate, book := newGate(t, core.Config{Store: st})
		outages()["reads hang"](st)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, gate.Refresh(ctx), context.DeadlineExceeded)
		require.Equal(t, core.StoreFresh, gate.Status().Health)
		require.Empty(t, book.messages())
	})
}

func TestARestoredBackupOnlyAddsRefusals(t *testing.T) {
	t.Parallel()
	begin := func(holder string) func(*testing.T, store.Store) {
		return func(t *testing.T, s store.Store) {
			t.Helper()
			start(t, s, operator.StartOptions{Holder: holder})
		}
	}
	finish := func(t *testing.T, s store.Store) { t.Helper(); end(t, s) }
	nothing := func(*testing.T, store.Store) {}
	for name, c := range map[string]struct {
		first, then func(*testing.T, store.Store) // the backup is taken between the two
		down        bool                          // before the store goes back
		want        bool                          // after
	}{
		"a backup from before the start does not open":          {nothing, begin("kim"), true, true},
		"a backup from before the end closes":                   {begin("kim"), finish, false, true},
		"a backup from between two starts changes nothing":      {begin("kim"), begin("lou"), true, true},
		"a backup in which nothing was down either stays open ": {nothing, func(t *testing.T, s store.Store) { t.Helper(); begin("kim")(t, s); end(t, s) }, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := newFaulty()
				begin("setup")(t, st)
				end(t, st)
				c.first(t, st)
				backup, err := st.Store.Get(t.Context(), "")
				require.NoError(t, err)
				c.then(t, st)
				gate, book := newGate(t, core.Config{Store: st})
				kept := gate.Status().Revision
				require.Equal(t, c.down, !gate.Status().Open)

				st.reads(func(_ context.Context, have store.Token) (store.Blob, error) {
					if have == backup.Token {
						return store.Blob{Token: have, Now: time.Now()}, store.ErrUnchanged
					}
					return store.Blob{Token: backup.Token, Bytes: backup.Bytes, Now: time.Now()}, nil
				})
				time.Sleep(time.Hour)
				status := gate.Status()
				require.Equal(t, c.want, !status.Open)
				require.True(t, status.Regressed)
				require.Equal(t, kept, status.Revision)
				require.Less(t, status.StoreRevision, kept)
				require.Equal(t, "downtime reconcile --above "+itoa(kept), book.attr("regressed", "mend"))
				require.Equal(t, 1, count(book.messages(), "regressed"))

				st.reads(nil) // the gate adopts the earlier document again, and later ones
				time.Sleep(10 * time.Second)
				require.False(t, gate.Status().Regressed)
				require.Equal(t, c.down, !gate.Status().Open)
			})
		})
	}
}

func TestOrdinaryWritesDoNotEndARegression(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, restored := newFaulty(), memstore.New()
		_, err := operator.Operator{Store: st.Store}.Init(t.Context(), operator.InitOptions{})
		require.NoError(t, err)
		backup, err := st.Store.Get(t.Context(), "")
		require.NoError(t, err)
		require.NoError(t, restored.Swap(t.Context(), "", backup.Bytes))
		start(t, st.Store, operator.StartOptions{Holder: "kim"})
		gate, _ := newGate(t, core.Config{Store: st})
		st.reads(restored.Get)
		for range 5 { // well above the revision that the gate has seen
			schedule(t, restored, operator.WindowOptions{Start: time.Now().AddDate(0, 1, 0), EndAfter: time.Hour})
			time.Sleep(10 * time.Second)
			require.False(t, gate.Status().Open, "a gate that an operator closed stays closed")
			require.True(t, gate.Status().Regressed)
			require.Empty(t, gate.Status().Drained, "a regressed gate has drained nothing")
		}
		_, err = operator.Operator{Store: restored}.Reconcile(t.Context(), operator.ReconcileOptions{Above: gate.Status().Revision})
		require.NoError(t, err)
		schedule(t, restored, operator.WindowOptions{Start: time.Now().AddDate(0, 1, 0), EndAfter: time.Hour})
		time.Sleep(10 * time.Second)
		require.True(t, gate.Status().Open)
		require.False(t, gate.Status().Regressed)
	})
}

func TestReconcileEndsARegression(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, restored := newFaulty(), memstore.New()
		start(t, st, operator.StartOptions{Holder: "kim"})
		backup, err := st.Store.Get(t.Context(), "")
		require.NoError(t, err)
		require.NoError(t, restored.Swap(t.Context(), "", backup.Bytes))
		end(t, st)
		start(t, st, operator.StartOptions{Holder: "lou"})
		gate, _ := newGate(t, core.Config{Store: st})
		st.reads(restored.Get)
		time.Sleep(10 * time.Second)
		require.True(t, gate.Status().Regressed)

		end(t, restored) // an ordinary write has a lower revision than the gate has seen
		time.Sleep(10 * time.Second)
		require.False(t, gate.Status().Open)
		_, err = operator.Operator{Store: restored}.Reconcile(t.Context(), operator.ReconcileOptions{Above: gate.Status().Revision})
		require.NoError(t, err)
		time.Sleep(10 * time.Second)
		require.False(t, gate.Status().Regressed)
		require.True(t, gate.Status().Open)
	})
}

func TestEdgesFollowTheStoresClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const ahead = 10 * time.Minute
		st := newFaulty()
		schedule(t, st, operator.WindowOptions{Start: time.Now().Add(time.Hour), End: time.Now().Add(2 * time.Hour)})
		st.reads(func(ctx context.Context, have store.Token) (store.Blob, error) {
			blob, err := st.Store.Get(ctx, have)
			blob.Now = blob.Now.Add(ahead)
			return blob, err
		})
		gate, _ := newGate(t, core.Config{Store: st})
		time.Sleep(time.Hour - ahead - time.Second)
		require.True(t, gate.Status().Open)
		time.Sleep(time.Second)
		synctest.Wait()
		require.False(t, gate.Status().Open)
		require.Equal(t, ahead, gate.Status().ClockOffset)
	})
}

func TestOverdueIsLoggedOnceAndDoesNotOpenTheGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newFaulty()
		start(t, st, operator.StartOptions{Holder: "kim", ExpectedAfter: time.Hour})
		gate, book := newGate(t, core.Config{Store: st})
		require.False(t, gate.Status().Overdue)
		time.Sleep(48 * time.Hour)
		require.True(t, gate.Status().Overdue)
		require.False(t, gate.Status().Open)
		require.Equal(t, []string{"closed", "drained", "overdue"}, book.messages())
	})
}

func TestRetryAfterFollowsTheExpectedEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := newFaulty()
		start(t, st, operator.StartOptions{Holder: "kim", ExpectedAfter: 10 * time.Minute})
		gate, _ := newGate(t, core.Config{Store: st})
		seconds := func() int { return atoi(t, get(gate.Handler(ok), "/").Header().Get("Retry-After")) }
		require.GreaterOrEqual(t, seconds(), 300)
		time.Sleep(8 * time.Minute)
		synctest.Wait()
		near := seconds()
		require.GreaterOrEqual(t, near, 120)
		require.Less(t, near, 300)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		overdue := seconds()
		require.GreaterOrEqual(t, overdue, 60)
		require.Less(t, overdue, 120)
	})
}
