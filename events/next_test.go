package events_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/events"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

const notice = 15 * time.Minute

// story is a site whose operator acts in a bubble of testing/synctest.
type story struct {
	t  *testing.T
	st *memstore.Store
	op operator.Operator
	// from is the position at the beginning. step is the one of a follower that looks after each act.
	from, step events.Position
	stepped    []string // keys of the events that the follower was told
	acted      func()   // called after each act
}

// tellStory runs the acts on a store that was initialized.
func tellStory(t *testing.T, acts func(s *story)) *story {
	t.Helper()
	st := memstore.New()
	s := &story{t: t, st: st, op: operator.Operator{Store: st, Actor: "ann", Origin: "test"}}
	_, err := s.op.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	seen := s.observe()
	s.from = events.Position{StoreID: seen.Document.StoreID, Revision: seen.Document.Revision, At: seen.Now}
	s.step = s.from
	s.acted = func() {
		batch := events.Next(s.step, s.observe(), notice)
		for _, e := range batch.Events {
			s.stepped = append(s.stepped, e.Key)
		}
		s.step = batch.After(len(batch.Events))
	}
	acts(s)
	return s
}

func (s *story) observe() events.Observation {
	s.t.Helper()
	seen, err := events.Observe(s.t.Context(), s.op)
	require.NoError(s.t, err)
	return seen
}

// ids of periods are random: a story gives them names.
func (s *story) start(opts operator.StartOptions) string {
	s.t.Helper()
	res, err := s.op.Start(s.t.Context(), opts)
	require.NoError(s.t, err)
	s.acted()
	return res.Period.ID
}

func (s *story) end(opts operator.EndOptions) {
	s.t.Helper()
	_, err := s.op.End(s.t.Context(), opts)
	require.NoError(s.t, err)
	s.acted()
}

func (s *story) schedule(in, length time.Duration) string {
	s.t.Helper()
	begin := time.Now().Add(in)
	res, err := s.op.Schedule(s.t.Context(), operator.WindowOptions{Holder: "ann", Start: begin, End: begin.Add(length)})
	require.NoError(s.t, err)
	s.acted()
	return res.Period.ID
}

func (s *story) edit(id string, opts operator.EditOptions) {
	s.t.Helper()
	_, err := s.op.Edit(s.t.Context(), id, opts)
	require.NoError(s.t, err)
	s.acted()
}

func (s *story) cancel(id string) {
	s.t.Helper()
	_, err := s.op.Cancel(s.t.Context(), id, operator.CancelOptions{})
	require.NoError(s.t, err)
	s.acted()
}

func (s *story) pass(d time.Duration) {
	time.Sleep(d)
	s.acted()
}

// row writes the row of an instance.
func (s *story) row(key string, lease time.Duration) {
	s.t.Helper()
	b, err := period.Row{ID: key, Host: "web1", PID: 7, State: period.Open, Reads: period.Reads()}.Encode()
	require.NoError(s.t, err)
	_, _, err = s.st.PutRow(s.t.Context(), key, b, lease)
	require.NoError(s.t, err)
}

var stories = map[string]struct {
	acts func(s *story)
	want string
}{
	"nothing happens": {func(s *story) { s.pass(time.Hour) }, ""},
	"a deployment begins and ends": {func(s *story) {
		s.start(operator.StartOptions{Holder: "ann"})
		s.pass(time.Minute)
		s.end(operator.EndOptions{Holder: "ann"})
	}, "started ended"},
	"a deployment is overdue": {func(s *story) {
		s.start(operator.StartOptions{Holder: "ann", ExpectedAfter: time.Minute})
		s.pass(time.Hour)
		s.end(operator.EndOptions{Holder: "ann"})
	}, "started overdue ended"},
	"a deployment ends in time": {func(s *story) {
		s.start(operator.StartOptions{Holder: "ann", ExpectedAfter: time.Hour})
		s.pass(time.Minute)
		s.end(operator.EndOptions{Holder: "ann"})
		s.pass(time.Hour)
	}, "started ended"},
	"an overdue end is moved, and passes again": {func(s *story) {
		id := s.start(operator.StartOptions{Holder: "ann", ExpectedAfter: time.Minute})
		s.pass(2 * time.Minute)
		s.edit(id, operator.EditOptions{ExpectedEnd: new(time.Now().Add(time.Hour))})
		s.pass(2 * time.Hour)
	}, "started overdue end-moved overdue"},
	"a new reason moves no end": {func(s *story) {
		id := s.start(operator.StartOptions{Holder: "ann", ExpectedAfter: time.Hour})
		s.edit(id, operator.EditOptions{Reason: new("because")})
	}, "started"},
	"a deployment ends by the clock": {func(s *story) {
		s.start(operator.StartOptions{Holder: "ann", EndAfter: time.Minute})
		s.pass(time.Hour)
	}, "started ended"},
	"a window begins and ends by the clock": {func(s *story) {
		s.schedule(time.Hour, time.Hour)
		s.pass(50 * time.Minute)
		s.pass(30 * time.Minute)
		s.pass(time.Hour)
	}, "about-to-begin started ended"},
	"a window is planned within the notice": {func(s *story) {
		s.schedule(5*time.Minute, time.Hour)
		s.pass(10 * time.Minute)
	}, "about-to-begin started"},
	"a window is canceled long before": {func(s *story) {
		s.cancel(s.schedule(time.Hour, time.Hour))
		s.pass(time.Hour)
	}, ""},
	"an announced window is canceled": {func(s *story) {
		id := s.schedule(time.Hour, time.Hour)
		s.pass(50 * time.Minute)
		s.cancel(id)
		s.pass(time.Hour)
	}, "about-to-begin called-off"},
	"an announced window is disabled, and enabled again": {func(s *story) {
		id := s.schedule(time.Hour, time.Hour)
		s.pass(50 * time.Minute)
		s.edit(id, operator.EditOptions{Enabled: new(false)})
		s.pass(time.Minute)
		s.edit(id, operator.EditOptions{Enabled: new(true)})
	}, "about-to-begin called-off about-to-begin"},
	"an announced window is postponed": {func(s *story) {
		id := s.schedule(time.Hour, time.Hour)
		s.pass(50 * time.Minute)
		s.edit(id, operator.EditOptions{Start: new(time.Now().Add(time.Hour)), End: new(time.Now().Add(2 * time.Hour))})
		s.pass(50 * time.Minute)
		s.pass(time.Hour)
	}, "about-to-begin called-off about-to-begin started"},
	"an announced window is moved within the notice": {func(s *story) {
		id := s.schedule(time.Hour, time.Hour)
		s.pass(50 * time.Minute)
		s.edit(id, operator.EditOptions{Start: new(time.Now().Add(2 * time.Minute))})
		s.pass(5 * time.Minute)
	}, "about-to-begin called-off about-to-begin started"},
	"an announced window begins now": {func(s *story) {
		id := s.schedule(time.Hour, time.Hour)
		s.pass(50 * time.Minute)
		s.edit(id, operator.EditOptions{StartNow: true})
	}, "about-to-begin started"},
	"a window in force is prolonged": {func(s *story) {
		id := s.schedule(time.Minute, time.Hour)
		s.pass(10 * time.Minute)
		s.edit(id, operator.EditOptions{End: new(time.Now().Add(3 * time.Hour))})
	}, "about-to-begin started end-moved"},
	"all periods end in one write": {func(s *story) {
		s.start(operator.StartOptions{Holder: "ann"})
		s.start(operator.StartOptions{Holder: "bob"})
		s.end(operator.EndOptions{All: true})
	}, "started started ended ended"}, //nolint:dupword // of two periods
	"an instance becomes silent between two writes": {func(s *story) {
		s.row("web", time.Minute)
		s.start(operator.StartOptions{Holder: "ann"})
		s.pass(time.Hour)
		s.end(operator.EndOptions{Holder: "ann"})
	}, "started instance-silent ended"},
	"an instance that shuts down is not silent": {func(s *story) {
		s.row("web", time.Minute)
		require.NoError(s.t, s.st.DeleteRow(s.t.Context(), "web", []byte(period.NoteLeft)))
		s.pass(time.Hour)
	}, ""},
	"the lease of a follower is no instance": {func(s *story) {
		lease, err := s.op.Lease(s.t.Context())
		require.NoError(s.t, err)
		lease.Release()
		b, err := period.Row{ID: "run", Run: true, State: period.Closed}.Encode()
		require.NoError(s.t, err)
		_, _, err = s.st.PutRow(s.t.Context(), "run", b, time.Minute)
		require.NoError(s.t, err)
		s.pass(time.Hour)
	}, ""},
	"reconcile skips revisions": {func(s *story) {
		s.start(operator.StartOptions{Holder: "ann"})
		_, err := s.op.Reconcile(s.t.Context(), operator.ReconcileOptions{Above: 40})
		require.NoError(s.t, err)
		s.acted()
		s.end(operator.EndOptions{Holder: "ann"})
	}, "started ended"},
}

func namesOf(list []events.Event) string {
	var out []string
	for _, e := range list {
		out = append(out, string(e.Event))
	}
	return strings.Join(out, " ")
}

func TestNext(t *testing.T) {
	t.Parallel()
	for name, tc := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := tellStory(t, tc.acts)
				seen := s.observe()
				batch := events.Next(s.from, seen, notice)
				// A window that has begun is not about to begin any more. So the follower that looks
				// once at the end is told less than the one that looks after each act.
				past := []string{}
				for e := range strings.FieldsSeq(tc.want) {
					if e != string(events.AboutToBegin) {
						past = append(past, e)
					}
				}
				got := slices.DeleteFunc(slices.Clone(batch.Events), func(e events.Event) bool { return e.Event == events.AboutToBegin })
				require.Equal(t, strings.Join(past, " "), namesOf(got))

				var stepped, keys []string
				for _, key := range s.stepped {
					stepped = append(stepped, strings.Split(key, ":")[1])
				}
				require.Equal(t, tc.want, strings.Join(stepped, " "), "looking after each act")
				for n, e := range batch.Events {
					require.Contains(t, s.stepped, e.Key, "the key does not depend on when the follower looks")
					require.NotContains(t, keys, e.Key, "a key is unique")
					keys = append(keys, e.Key)
					rest := events.Next(batch.After(n), seen, notice)
					require.Equal(t, batch.Events[n:], rest.Events, "from the position after %d events", n)
				}
				require.Empty(t, events.Next(batch.After(len(batch.Events)), seen, notice).Events)
				for _, e := range batch.Events {
					requireGood(t, e)
				}
			})
		})
	}
}

// requireGood checks what holds for every event.
func requireGood(t *testing.T, e events.Event) {
	t.Helper()
	require.NotEmpty(t, e.Text)
	require.LessOrEqual(t, len(e.Key), 255)
	require.NotContains(t, e.Key, ".")
	require.NotContains(t, e.Key, " ")
	require.Equal(t, time.UTC, e.At.Location())
	require.NotNil(t, e.Site.Periods)
	require.Equal(t, e.Site.Down, len(e.Site.Periods) > 0)
	var members map[string]any
	line := e.Encode()
	require.NoError(t, json.Unmarshal(line, &members))
	require.NotContains(t, string(line), "\n")
	for _, name := range []string{"format", "event", "key", "text", "store_id", "revision", "at", "site"} {
		require.Contains(t, members, name)
	}
	if e.Period != nil {
		require.Equal(t, e.Period.ID, e.PeriodID)
	}
}

func TestAnEventHasOldAndNewValues(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var was, is time.Time
		s := tellStory(t, func(s *story) {
			was = time.Now().Add(time.Hour).UTC()
			id := s.start(operator.StartOptions{Holder: "ann", ExpectedEnd: was, Reason: new("Moving <the> database.")})
			is = was.Add(time.Hour)
			s.edit(id, operator.EditOptions{ExpectedEnd: &is})
			s.end(operator.EndOptions{Holder: "ann"})
		})
		all := events.Next(s.from, s.observe(), notice).Events
		require.Len(t, all, 3)
		started, moved, ended := all[0], all[1], all[2]
		require.Nil(t, started.Before)
		require.Equal(t, period.ActionStart, started.Action)
		require.Equal(t, "ann", started.Actor)
		require.Equal(t, events.Site{Down: true, Since: started.Period.Start, Until: was, Periods: []string{started.PeriodID}}, started.Site)
		require.Equal(t, was, moved.Before.ExpectedEnd)
		require.Equal(t, is, moved.Period.ExpectedEnd)
		require.Equal(t, int64(3), moved.Revision)
		require.Nil(t, ended.Before, "the write has removed the period")
		require.Equal(t, is, ended.Period.ExpectedEnd)
		require.Equal(t, events.Site{Periods: []string{}}, ended.Site)
		require.Contains(t, string(started.Encode()), "Moving <the> database.")
		require.Equal(t, "Downtime has begun: Moving <the> database. It is expected to end at "+was.Format("2006-01-02 15:04")+" UTC.", started.Text)
		require.Equal(t, "Downtime has ended: Moving <the> database. The site is up.", ended.Text)
	})
}

func TestTheEndOfOnePeriodSaysWhatKeepsTheSiteDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var bob string
		s := tellStory(t, func(s *story) {
			s.start(operator.StartOptions{Holder: "ann"})
			bob = s.start(operator.StartOptions{Holder: "bob"})
			s.end(operator.EndOptions{Holder: "ann"})
		})
		all := events.Next(s.from, s.observe(), notice).Events
		require.Equal(t, []string{bob}, all[2].Site.Periods)
		require.Contains(t, all[2].Text, "The site is still down because of "+bob)
	})
}

// TestALogThatWasCutIsTold: more writes than the log keeps.
func TestALogThatWasCutIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tellStory(t, func(s *story) {
			s.acted = func() {}
			s.start(operator.StartOptions{Holder: "ann", ExpectedAfter: time.Hour})
			for range period.MaxEntries / 2 {
				s.start(operator.StartOptions{Holder: "bob"})
				s.end(operator.EndOptions{Holder: "bob"})
			}
		})
		time.Sleep(2 * time.Hour)
		seen := s.observe()
		first := seen.Entries[len(seen.Entries)-1].Revision
		require.Greater(t, first, int64(2))
		batch := events.Next(s.from, seen, notice)
		require.Equal(t, events.Missed, batch.Events[0].Event)
		require.Equal(t, int64(2), batch.Events[0].FromRevision)
		require.Equal(t, first-1, batch.Events[0].Revision)
		require.True(t, batch.Events[0].Site.Down)
		require.Len(t, batch.Events, 1+len(seen.Entries)+1, "what the log has is told, and that ann is overdue")
		require.Equal(t, events.Overdue, batch.Events[len(batch.Events)-1].Event)
		require.Equal(t, batch.Events[1:], events.Next(batch.After(1), seen, notice).Events, "it is told once")
	})
}

func TestAStoreThatWentBackIsToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tellStory(t, func(s *story) {
			s.start(operator.StartOptions{Holder: "ann"})
			s.end(operator.EndOptions{Holder: "ann"})
		})
		seen := s.observe()
		ahead := s.step
		ahead.Revision += 3
		batch := events.Next(ahead, seen, notice)
		require.Equal(t, "regressed", namesOf(batch.Events))
		require.Equal(t, &events.Mark{StoreID: seen.Document.StoreID, Revision: ahead.Revision}, batch.Events[0].Newest)
		require.Empty(t, events.Next(batch.After(1), seen, notice).Events)

		// An instance has seen a revision that the store has lost.
		seen.Newest, seen.SeenBy = period.Mark{StoreID: seen.Document.StoreID, Revision: 9}, "host web1"
		batch = events.Next(s.step, seen, notice)
		require.Equal(t, "regressed", namesOf(batch.Events))
		require.Equal(t, "host web1", batch.Events[0].Newest.SeenBy)
		requireGood(t, batch.Events[0])
		told := batch.After(1)
		require.Empty(t, events.Next(told, seen, notice).Events)
		s.step = told
		s.start(operator.StartOptions{Holder: "ann"})
		later := s.observe()
		later.Newest = seen.Newest
		batch = events.Next(told, later, notice)
		require.Equal(t, "started", namesOf(batch.Events), "it is not told again with each write")
		require.Empty(t, events.Next(batch.After(1), later, notice).Events)
	})
}

func TestANewDocumentInPlaceOfALostOneIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tellStory(t, func(s *story) { s.start(operator.StartOptions{Holder: "ann"}) })
		seen := s.observe()
		lost := events.Position{StoreID: "lost", Revision: 70, At: s.from.At}
		seen.Document.Replaces = period.AnyDocument
		batch := events.Next(lost, seen, notice)
		require.Equal(t, "missed started", namesOf(batch.Events))
		require.Equal(t, "started", namesOf(events.Next(batch.After(1), seen, notice).Events))
	})
}

func TestAnEditByHandIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tellStory(t, func(s *story) { s.schedule(24*time.Hour, time.Hour) })
		seen := s.observe()
		edited := *seen.Document
		edited.Periods = slices.Clone(edited.Periods)
		edited.Periods[0].Start = seen.Now.Add(-time.Minute)
		seen.Document = &edited
		batch := events.Next(s.step, seen, notice)
		require.Equal(t, "started", namesOf(batch.Events))
		require.True(t, batch.Events[0].HandEdited)
		require.Contains(t, batch.Events[0].Key, ":h")
		require.Empty(t, events.Next(batch.After(1), seen, notice).Events)
	})
}

func TestWritesOfAHostWhoseClockIsAheadAreTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tellStory(t, func(s *story) {
			s.start(operator.StartOptions{Holder: "ann", ExpectedAfter: time.Hour})
			s.end(operator.EndOptions{Holder: "ann"})
		})
		seen := s.observe()
		seen.Now = seen.Now.Add(-time.Hour)
		s.from.At = seen.Now
		batch := events.Next(s.from, seen, notice)
		require.Equal(t, "started ended", namesOf(batch.Events))
		require.Equal(t, batch.Events[1:], events.Next(batch.After(1), seen, notice).Events)
	})
}

func TestSinceAndOldest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tellStory(t, func(s *story) {
			for range 3 {
				s.start(operator.StartOptions{Holder: "ann"})
				s.pass(time.Minute)
				s.end(operator.EndOptions{Holder: "ann"})
				s.pass(time.Minute)
			}
		})
		seen := s.observe()
		require.Len(t, events.Next(events.Oldest(seen), seen, notice).Events, 6)
		for revision, want := range map[int64]int{0: 6, 1: 6, 2: 5, 7: 0} {
			from, err := events.Since(seen, revision)
			require.NoError(t, err)
			require.Len(t, events.Next(from, seen, notice).Events, want, "since revision %d", revision)
		}
		for _, revision := range []int64{-1, 8} {
			_, err := events.Since(seen, revision)
			require.ErrorContains(t, err, "want a revision from 0 to 7")
		}
	})
}

func TestObserveNeedsADocument(t *testing.T) {
	t.Parallel()
	_, err := events.Observe(t.Context(), operator.Operator{Store: memstore.New()})
	require.ErrorIs(t, err, events.ErrNoDocument)
	var plain struct{ store.Store }
	plain.Store = memstore.New()
	op := operator.Operator{Store: plain}
	_, err = op.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	seen, err := events.Observe(t.Context(), op)
	require.NoError(t, err, "a store without rows")
	require.Empty(t, seen.Silent)
}
