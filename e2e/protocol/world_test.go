package protocol

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// lag is how long an instance may take to act on an answer of the store that has arrived.
const lag = 500 * time.Millisecond

// world is one run of a scenario: the store, the fleet, and the invariants. It sees all of them at
// once, and none of the parties sees it.
type world struct {
	t       *testing.T
	begun   time.Time
	inner   atomic.Pointer[memstore.Store]
	shift   time.Duration // the store's clock minus that of the instances
	busy    atomic.Int64  // the longest pause of a client between two requests, in nanoseconds
	long    atomic.Int64  // the longest request, in nanoseconds
	refused atomic.Int64
	over    chan struct{}
	all     sync.WaitGroup

	mu      sync.Mutex
	random  *rand.Rand
	links   []*link
	members []*member
	rows    map[string]store.Row // as the store had them last
	lost    bool                 // the scenario has removed rows, or put a document back
	decoded map[string]*period.Document
	claims  []*claim
	doing   map[string]string // a run that works, and its holder
	broken  []string
	trace   []string
}

// member is what the world knows about one instance.
type member struct {
	name string
	gate *core.Gate
	link *link

	running map[int]bool // requests that run; true: a predicate let it pass
	visible bool         // its row is in the store
	fresh   bool         // it has heard a document that was read while its row was there
	void    bool         // an override said "up"
	crashed bool
	token   store.Token // last heard
	read    []reading
	seq     map[string]int64 // of its rows
	rev     map[string]int64
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	w := &world{
		t: t, begun: time.Now(), random: rand.New(rand.NewPCG(seed, 2)), rows: map[string]store.Row{}, over: make(chan struct{}),
		decoded: map[string]*period.Document{}, doing: map[string]string{},
	}
	w.inner.Store(memstore.New())
	w.busy.Store(int64(time.Second))
	w.long.Store(int64(time.Second))
	return w
}

func (w *world) store() *memstore.Store { return w.inner.Load() }

func (w *world) shifted(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(w.shift)
}

// now is the store's clock.
func (w *world) now() time.Time { return w.shifted(time.Now()) }

// upTo is a random duration.
func (w *world) upTo(d time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.random.Int64N(int64(d)))
}

func (w *world) chance(of int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.random.IntN(of) == 0
}

func (w *world) say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sayLocked(format, args...)
}

func (w *world) sayLocked(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf("%9.3f ", time.Since(w.begun).Seconds())+fmt.Sprintf(format, args...))
}

// breaksLocked records that an invariant does not hold.
func (w *world) breaksLocked(format string, args ...any) {
	if what := fmt.Sprintf(format, args...); !slices.Contains(w.broken, what) {
		w.broken = append(w.broken, what)
		w.sayLocked("%s", what)
	}
}

func (w *world) breaks(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.breaksLocked(format, args...)
}

// connect returns a new connection to the store.
func (w *world) connect(who int) *link {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := &link{w: w, who: who, random: rand.New(rand.NewPCG(w.random.Uint64(), 3)), delay: 5 * time.Millisecond}
	w.links = append(w.links, l)
	return l
}

func (w *world) hint() {
	w.mu.Lock()
	links := slices.Clone(w.links)
	w.mu.Unlock()
	for _, l := range links {
		l.hint()
	}
}

// join starts an instance, and clients that send it requests.
func (w *world) join(cfg core.Config, prepare func(l *link)) *member {
	w.mu.Lock()
	who := len(w.members)
	m := &member{name: string(rune('a' + who)), running: map[int]bool{}, seq: map[string]int64{}, rev: map[string]int64{}}
	w.members = append(w.members, m)
	w.mu.Unlock()
	m.link = w.connect(who)
	if prepare != nil {
		m.link.set(prepare)
	}
	cfg.Store, cfg.Logger = m.link, slog.New(slog.DiscardHandler)
	if cfg.PollInterval == 0 {
		cfg.PollInterval = time.Second
	}
	cfg.OnTransition = func(t core.Transition) { w.transition(m, t) }
	gate, err := core.NewContext(w.t.Context(), cfg)
	require.NoError(w.t, err)
	m.gate = gate
	w.say("%s joins", m.name)
	for n := range 4 {
		w.clients(m, n)
	}
	return m
}

// finish ends the clients and the gates.
func (w *world) finish() {
	close(w.over)
	w.all.Wait()
	for _, m := range w.members {
		m.link.dead.Store(true)
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = m.gate.Shutdown(ended)
	}
	sleep(10 * time.Second) // calls that are on their way end
}

// document returns the decoded document of the store.
func (w *world) document() *period.Document {
	blob, err := w.store().Get(context.Background(), "")
	if err != nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	key := string(blob.Bytes)
	if d, ok := w.decoded[key]; ok {
		return d
	}
	d, err := period.Decode(blob.Bytes)
	require.NoError(w.t, err)
	w.decoded[key] = d
	return d
}

func (w *world) member(who int) *member {
	if who < 0 {
		return nil
	}
	return w.members[who]
}

// operator returns an operator with a connection of its own.
func (w *world) operator(name string) operator.Operator {
	return operator.Operator{Store: w.connect(operatorLink), Actor: name}
}
