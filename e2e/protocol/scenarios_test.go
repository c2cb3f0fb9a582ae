package protocol

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

const (
	// complete is the age after which a set of rows holds every instance.
	complete = 21 * time.Second
	often    = 10 * time.Millisecond
)

// scenarios are the stories. Each draws its times at random. A story says what must happen in spite
// of its faults; the world checks the invariants meanwhile.
var scenarios = map[string]func(w *world){
	"a deployment":                           deployment,
	"another period begins":                  another,
	"an instance joins":                      joins,
	"an instance joins, and its row is late": joinsLate,
	"an instance leaves":                     leavesFleet,
	"a lease ends, and an operator forgets":  forgets,
	"silent instances are accepted":          accepts,
	"silent instances refuse by policy":      policy,
	"the store loses the rows":               losesRows,
	"a window, and slow answers":             window,
	"a window is disabled and enabled again": again,
	"a window beside a deployment":           beside,
	"a run suspends bypasses":                suspends,
	"a run holds requests":                   holds,
	"an override":                            override,
	"an older document is put back":          older,
	"another document is put in its place":   replaced,
	"two runs of one holder":                 twoRuns,
	"a run is taken over":                    takeOver,
}

// fleet starts instances, and waits until the set of rows is complete.
func (w *world) fleet(n int, cfg core.Config) []*member {
	_, err := w.operator("init").Init(w.t.Context(), operator.InitOptions{})
	require.NoError(w.t, err)
	var out []*member
	for range n {
		out = append(out, w.join(cfg, nil))
	}
	sleep(complete)
	return out
}

// hurry lets clients come often: some instances are always busy, others seldom.
func (w *world) hurry() { w.busy.Store(int64(often + w.upTo(10*often))) }

// answers fails if the barrier is not reached although the faults are over: I7.
func (w *world) answers(result operator.Safety) {
	if result != operator.Safe && result != operator.Presumed { // presumed: an instance has not judged a request yet
		w.breaks("I7: no instance prevents it, and the result is %s", result)
	}
}

func deployment(w *world) {
	w.fleet(2, core.Config{})
	w.hurry()
	op := w.operator("ann")
	for range 3 {
		down := w.closes
		if w.chance(2) {
			down = func(op operator.Operator, limit, _ time.Duration) (operator.Safety, string) {
				return w.commands(op, limit)
			}
		}
		result, id := down(op, 20*time.Second, 0)
		w.answers(result)
		sleep(w.upTo(300 * time.Millisecond))
		w.reopens(op, id)
		sleep(w.upTo(300 * time.Millisecond))
	}
}

func another(w *world) {
	w.fleet(2, core.Config{})
	w.hurry()
	ann, bob := w.operator("ann"), w.operator("bob")
	for range 3 {
		var second sync.WaitGroup
		second.Go(func() {
			sleep(w.upTo(60 * time.Millisecond))
			res, err := bob.Start(w.t.Context(), operator.StartOptions{})
			require.NoError(w.t, err)
			if sleep(w.upTo(150 * time.Millisecond)); w.chance(2) {
				read, err := bob.Read(w.t.Context())
				require.NoError(w.t, err)
				for _, p := range read.InForce() {
					if p.ID != res.Period.ID {
						w.reopens(bob, p.ID)
					}
				}
			}
			sleep(2 * time.Second)
			w.reopens(bob, res.Period.ID)
		})
		_, id := w.closes(ann, 20*time.Second, 0)
		sleep(w.upTo(300 * time.Millisecond))
		w.reopens(ann, id)
		second.Wait()
		sleep(time.Second)
	}
}

func joins(w *world) {
	w.fleet(1, core.Config{})
	w.hurry()
	op := w.operator("ann")
	w.all.Go(func() {
		sleep(w.upTo(300 * time.Millisecond))
		w.join(core.Config{}, func(l *link) {
			switch l.delay = time.Duration(1+l.random.IntN(30)) * 100 * time.Millisecond; l.random.IntN(6) {
			case 2, 3:
				l.delay = 10 * time.Millisecond
			case 0:
				l.cut = time.Now().Add(4 * time.Second)
			case 1:
				l.cutRows = time.Now().Add(2200 * time.Millisecond)
			}
		})
	})
	if w.chance(2) {
		sleep(w.upTo(4 * time.Second))
	} else {
		op.Store.(*link).set(func(l *link) { l.delay = 600 * time.Millisecond })
	}
	result, id := w.closes(op, 60*time.Second, 0)
	w.answers(result)
	sleep(w.upTo(6 * time.Second))
	w.reopens(op, id)
	sleep(time.Second)
}

// joinsLate lets an instance read before its row is there. It gets no hints.
func joinsLate(w *world) {
	w.fleet(1, core.Config{})
	w.hurry()
	op := w.operator("ann")
	w.all.Go(func() {
		w.join(core.Config{PollInterval: 5 * time.Second}, func(l *link) {
			l.deaf, l.cutRows = true, time.Now().Add(2100*time.Millisecond+time.Duration(l.random.Int64N(int64(300*time.Millisecond))))
		})
	})
	sleep(2*time.Second + w.upTo(2*time.Second))
	result, id := w.closes(op, 60*time.Second, 0)
	w.answers(result)
	sleep(w.upTo(2 * time.Second))
	w.reopens(op, id)
	sleep(time.Second)
}

func leavesFleet(w *world) {
	fleet := w.fleet(2, core.Config{})
	for _, m := range fleet {
		m.link.set(func(l *link) { l.late, l.delay = true, 150*time.Millisecond })
	}
	w.long.Store(int64(3 * time.Second))
	w.hurry()
	op := w.operator("ann")
	w.all.Go(func() {
		sleep(w.upTo(300 * time.Millisecond))
		w.say("%s leaves", fleet[1].name)
		if err := fleet[1].gate.Shutdown(w.t.Context()); err != nil {
			w.breaks("I7: the gate does not shut down: %v", err)
		}
	})
	sleep(w.upTo(300 * time.Millisecond))
	result, id := w.closes(op, 20*time.Second, 0)
	w.answers(result)
	sleep(w.upTo(2 * time.Second))
	w.reopens(op, id)
}

func forgets(w *world) {
	fleet := w.fleet(2, core.Config{})
	op := w.operator("ann")
	fleet[1].link.cutFor(100 * time.Second)
	sleep(55*time.Second + w.upTo(25*time.Second))
	w.hurry()
	w.all.Go(func() {
		if sleep(w.upTo(6 * time.Second)); w.chance(2) {
			_, err := w.operator("bob").Forget(w.t.Context(), operator.ForgetOptions{Silent: time.Second})
			require.NoError(w.t, err)
		}
	})
	_, id := w.closes(op, 8*time.Second, 0)
	sleep(w.upTo(time.Second))
	w.busy.Store(int64(200 * time.Millisecond))
	w.reopens(op, id)
	sleep(40 * time.Second)
	result, id := w.closes(op, 20*time.Second, 0)
	w.answers(result)
	w.reopens(op, id)
}

func accepts(w *world) {
	fleet := w.fleet(2, core.Config{})
	op := w.operator("ann")
	w.all.Go(func() {
		sleep(w.upTo(100 * time.Millisecond))
		fleet[1].link.cutFor(100 * time.Second)
	})
	w.busy.Store(int64(100 * time.Millisecond))
	_, id := w.closes(op, 90*time.Second, time.Second)
	sleep(w.upTo(time.Second))
	w.reopens(op, id)
}

func policy(w *world) {
	fleet := w.fleet(2, core.Config{OnStoreLost: core.Refuse, MaxStale: 20 * time.Second})
	op := w.operator("ann")
	fleet[1].link.set(func(l *link) { l.cutRows = time.Now().Add(300 * time.Second) })
	sleep(85*time.Second + w.upTo(10*time.Second))
	w.busy.Store(int64(50 * time.Millisecond))
	fleet[1].link.cutFor(150 * time.Second)
	sleep(w.upTo(3 * time.Second))
	_, id := w.closes(op, 60*time.Second, 0)
	fleet[0].link.cutFor(25 * time.Second) // closed, it stays closed
	sleep(30 * time.Second)
	w.reopens(op, id)
}

func losesRows(w *world) {
	fleet := w.fleet(2, core.Config{})
	op := w.operator("ann")
	w.busy.Store(int64(50 * time.Millisecond))
	lose := func() {
		w.loses("its rows", func() {
			old, err := w.store().Get(w.t.Context(), "")
			require.NoError(w.t, err)
			fresh := memstore.New()
			require.NoError(w.t, fresh.Swap(w.t.Context(), "", old.Bytes))
			w.inner.Store(fresh)
		})
	}
	if w.chance(2) {
		lose() // before the first listing: the instance must be back within 20 s
		fleet[1].link.cutFor(w.upTo(14 * time.Second))
		sleep(w.upTo(2 * time.Second))
	} else {
		fleet[1].link.cutFor(25*time.Second + w.upTo(10*time.Second))
		if w.chance(2) {
			op.Store.(*link).set(func(l *link) { l.swapped = lose })
		} else {
			w.all.Go(func() {
				sleep(w.upTo(2 * time.Second))
				lose()
			})
		}
	}
	result, id := w.closes(op, 60*time.Second, 0)
	w.answers(result)
	sleep(w.upTo(5 * time.Second))
	w.reopens(op, id)
}

func window(w *world) {
	w.shift = w.upTo(10*time.Second) - 5*time.Second
	fleet := w.fleet(2, core.Config{})
	op := w.operator("ann")
	for _, m := range fleet {
		m.link.set(func(l *link) { l.delay = 900 * time.Millisecond })
	}
	res, err := op.Schedule(w.t.Context(), operator.WindowOptions{Start: w.now().Add(5 * time.Second), EndAfter: 6 * time.Second})
	require.NoError(w.t, err)
	sleep(3 * time.Second)
	w.hurry()
	for !res.Period.InForce(w.now()) {
		sleep(time.Millisecond)
	}
	w.waits(op, operator.Barrier{Period: res.Period, Mark: res.After.Mark()}, 5*time.Second)
	sleep(6 * time.Second)
}

func again(w *world) {
	fleet := w.fleet(2, core.Config{})
	op := w.operator("ann")
	res, err := op.Schedule(w.t.Context(), operator.WindowOptions{StartNow: true})
	require.NoError(w.t, err)
	id := res.Period.ID
	for range 4 {
		w.hurry()
		b := res.Barrier()
		if w.chance(2) { // as the list of the fleet and wait ID do
			b.Mark, b.Seen = period.Mark{}, nil
		}
		w.answers(w.waits(op, b, 20*time.Second))
		sleep(w.upTo(time.Second))
		for _, m := range fleet {
			m.link.set(func(l *link) { l.delay = 300 * time.Millisecond })
		}
		w.ends(id)
		off := false
		_, err := op.Edit(w.t.Context(), id, operator.EditOptions{Enabled: &off})
		require.NoError(w.t, err)
		sleep(w.upTo(200 * time.Millisecond))
		on, start := true, w.now().Add(30*time.Millisecond)
		res, err = op.Edit(w.t.Context(), id, operator.EditOptions{Enabled: &on, Start: &start})
		require.NoError(w.t, err)
		for !res.Period.InForce(w.now()) {
			sleep(time.Millisecond)
		}
	}
	w.ends(id)
}

func beside(w *world) {
	w.fleet(2, core.Config{})
	w.hurry()
	op := w.operator("ann")
	_, err := op.Schedule(w.t.Context(), operator.WindowOptions{Start: w.now().Add(3 * time.Second), EndAfter: time.Minute})
	require.NoError(w.t, err)
	result, id := w.closes(op, 20*time.Second, 0)
	w.answers(result)
	sleep(w.upTo(6 * time.Second))
	w.reopens(op, id)
	sleep(time.Second)
}

func suspends(w *world) {
	w.fleet(2, core.Config{Bypass: []core.Predicate{core.Func("tester", isTester)}})
	w.hurry()
	ann, ci := w.operator("ann"), w.operator("ci")
	_, id := w.closes(ann, 20*time.Second, 0)
	for range 3 {
		sleep(w.upTo(200 * time.Millisecond))
		if err := w.runs(ci, "ci", 0, w.upTo(time.Second)); !errors.Is(err, operator.ErrStillDown) {
			w.breaks("I7: the run did not work: %v", err)
		}
	}
	w.reopens(ann, id)
}

// holds: a run whose work takes less than half of its hold fails no visitor, also if it gives up because
// the barrier takes more.
func holds(w *world) {
	w.fleet(2, core.Config{})
	w.hurry()
	for _, long := range []time.Duration{time.Second, 9 * time.Second} {
		w.long.Store(int64(long))
		sleep(w.upTo(time.Second))
		err := w.runs(w.operator("ci"), "ci", 10*time.Second, w.upTo(3*time.Second))
		if err != nil && !errors.Is(err, operator.ErrNotReached) {
			w.breaks("I7: the run did not work: %v", err)
		}
		sleep(5 * time.Second)
	}
	if n := w.refused.Load(); n > 0 {
		w.breaks("a hold: %d requests were refused", n)
	}
}

func override(w *world) {
	file := filepath.Join(w.t.TempDir(), "override")
	cfg := core.Config{OverrideFile: file}
	fleet := w.fleet(1, core.Config{})
	fleet = append(fleet, w.join(cfg, nil))
	w.hurry()
	op := w.operator("ann")
	result, id := w.closes(op, 20*time.Second, 0)
	w.answers(result)
	w.mu.Lock()
	fleet[1].void = true
	w.mu.Unlock()
	require.NoError(w.t, os.WriteFile(file, []byte("up"), 0o600))
	for fleet[1].gate.Status().Override == "" {
		sleep(time.Millisecond)
	}
	sleep(200 * time.Millisecond) // its next row
	if result, _ := w.closes(op, 3*time.Second, 0); result != operator.NotDrained {
		w.breaks("I1: %s, and an override says up", result)
	}
	require.NoError(w.t, os.WriteFile(file, []byte("none"), 0o600))
	result, _ = w.closes(op, 20*time.Second, 0)
	w.answers(result)
	w.reopens(op, id)
}

// put replaces the document behind the back of all.
func (w *world) put(content []byte) {
	w.loses("its document, for an older or another one", func() {
		old, err := w.store().Get(w.t.Context(), "")
		require.NoError(w.t, err)
		require.NoError(w.t, w.store().Swap(w.t.Context(), old.Token, content))
		w.hint()
	})
}

func older(w *world) {
	w.fleet(2, core.Config{})
	w.hurry()
	op := w.operator("ann")
	first, err := w.store().Get(w.t.Context(), "")
	require.NoError(w.t, err)
	_, err = op.Schedule(w.t.Context(), operator.WindowOptions{Start: w.now().Add(time.Hour)})
	require.NoError(w.t, err)
	sleep(w.upTo(3 * time.Second))
	w.put(first.Bytes)
	sleep(w.upTo(2 * time.Second))
	if result, _ := w.closes(op, 5*time.Second, 0); result == operator.Safe {
		w.say("no instance had read the newer document")
	}
	sleep(4 * time.Second)
}

func replaced(w *world) {
	w.fleet(2, core.Config{})
	w.hurry()
	op := w.operator("ann")
	result, _ := w.closes(op, 20*time.Second, 0)
	w.answers(result)
	sleep(w.upTo(time.Second))
	other := memstore.New()
	_, err := operator.Operator{Store: other, Actor: "bob"}.Init(w.t.Context(), operator.InitOptions{})
	require.NoError(w.t, err)
	blob, err := other.Get(w.t.Context(), store.Token(""))
	require.NoError(w.t, err)
	w.put(blob.Bytes)
	sleep(4 * time.Second)
}

func twoRuns(w *world) {
	w.fleet(2, core.Config{})
	w.hurry()
	for range 2 {
		var both sync.WaitGroup
		var mu sync.Mutex
		worked := 0
		for _, name := range []string{"first", "second"} {
			both.Go(func() {
				sleep(w.upTo(700 * time.Millisecond))
				switch err := w.runs(w.operator(name), "ci", 0, time.Second+w.upTo(2*time.Second)); {
				case err == nil:
					mu.Lock()
					worked++
					mu.Unlock()
				case !isRefused(err):
					w.breaks("I7: the run did not work: %v", err)
				}
			})
		}
		if both.Wait(); worked == 0 {
			w.breaks("I7: none of two runs has worked")
		}
	}
}

func takeOver(w *world) {
	w.fleet(2, core.Config{})
	w.busy.Store(int64(100 * time.Millisecond))
	first := w.operator("first")
	var old sync.WaitGroup
	old.Go(func() {
		err := w.runs(first, "ci", 0, 80*time.Second+w.upTo(20*time.Second))
		if !errors.Is(err, operator.ErrTakenOver) {
			w.breaks("I9: a run that was taken over answers %v", err)
		}
	})
	for working := false; !working; {
		sleep(50 * time.Millisecond)
		w.mu.Lock()
		working = len(w.doing) > 0
		w.mu.Unlock()
	}
	first.Store.(*link).cutFor(74 * time.Second)
	sleep(65 * time.Second)
	if err := w.runs(w.operator("second"), "ci", 0, 40*time.Second); err != nil {
		w.breaks("I9: the second run answers %v", err)
	}
	old.Wait()
}
