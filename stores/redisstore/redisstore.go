package redisstore

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/redis/go-redis/v9"

	"github.com/go-downtime/downtime/core"
)

// Options for [New].
type Options struct {
	// App names the application, so that several can share a server. Required: a letter or
	// digit, then up to 62 letters, digits, dots, dashes or underscores, all ASCII.
	App string
	// WaitReplicas is how many replicas must have a write before Commit succeeds. With
	// fewer after a second it returns [core.ErrUnconfirmed], although the primary has the
	// write. It makes it less likely that a failover loses a write, not impossible. Zero
	// waits for none.
	WaitReplicas int
}

// Store is a [core.Store], [core.Subscriber], [core.Pacer], [core.Pusher], [core.Fleet] and
// [core.Journal] in Redis. It is safe for concurrent use. Close ends what it has started.
type Store struct {
	client       redis.UniversalClient
	app, name    string
	keys         keys
	waitReplicas int
	pace         pace
	push         push

	ctx    context.Context //nolint:containedctx // ends with Close
	cancel context.CancelFunc
	close  func() error

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup // everything that was started; mu guards Add
}

var (
	_ core.Store      = (*Store)(nil)
	_ core.Subscriber = (*Store)(nil)
	_ core.Pacer      = (*Store)(nil)
	_ core.Pusher     = (*Store)(nil)
	_ core.Fleet      = (*Store)(nil)
	_ core.Journal    = (*Store)(nil)
)

// keys are the names of what one application has on the server.
type keys struct{ document, instances, log, changed, test string }

func keysOf(app string) keys {
	base := "downtime:{" + app + "}:v1"
	return keys{document: base, instances: base + ":instances", log: base + ":log", changed: base + ":changed", test: base + ":test:"}
}

// closeTime is how long Close waits for calls that their callers have given up.
const closeTime = 10 * time.Second

var appName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// New returns a store on client, which stays the caller's, and must be open for as long as
// the store is used. It connects to nothing: a server that is down is an error of Load, not
// of New. Errors are [*core.FieldError]s: a missing or odd App, a nil client, one without
// ReadTimeout (a frozen server would hold its connections for ever), and a [redis.Ring],
// which moves keys to another server when one is down.
func New(client redis.UniversalClient, o Options) (*Store, error) {
	where, err := inspect(client)
	if err != nil {
		return nil, err
	}
	if !appName.MatchString(o.App) {
		return nil, &core.FieldError{Field: "App", Value: o.App, Problem: "want the application's name: a letter or digit, then up to 62 letters, digits, dots, dashes or underscores"}
	}
	if o.WaitReplicas < 0 {
		return nil, &core.FieldError{Field: "WaitReplicas", Value: o.WaitReplicas, Problem: "want 0 or more"}
	}
	s := &Store{client: client, app: o.App, name: "redis:" + o.App + where, keys: keysOf(o.App), waitReplicas: o.WaitReplicas, pace: defaultPace}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.close = sync.OnceValue(s.shutdown)
	s.push.init()
	return s, nil
}

// inspect says where client leads to, and refuses what cannot work.
func inspect(client redis.UniversalClient) (where string, err error) {
	fault := func(field, problem string) error { return &core.FieldError{Field: field, Problem: problem} }
	var timeout time.Duration
	switch c := client.(type) {
	case nil:
		return "", fault("client", "is nil")
	case *redis.Ring:
		return "", fault("client", "is a redis.Ring, which takes another server for the same key when one is down; want a redis.Client or a redis.ClusterClient")
	case *redis.Client:
		if c == nil {
			return "", fault("client", "is nil")
		}
		o := c.Options()
		timeout = o.ReadTimeout
		where = "@" + o.Addr + "/" + strconv.Itoa(o.DB)
	case *redis.ClusterClient:
		if c == nil {
			return "", fault("client", "is nil")
		}
		o := c.Options()
		timeout = o.ReadTimeout
		where = "@" + strings.Join(o.Addrs, ",")
	default:
		return "", nil // somebody's own, which can only be trusted
	}
	if timeout <= 0 {
		return "", fault("client.ReadTimeout", "is switched off, so that a frozen server holds connections for ever; leave it at its default, or give one")
	}
	if strings.IndexFunc(where, unicode.IsControl) >= 0 {
		return "", fault("client.Addr", "has control characters")
	}
	return where, nil
}

// String is "redis:", the application, and where the server is: no user and no password.
func (s *Store) String() string { return s.name }

// Application is App of the Options.
func (s *Store) Application() string { return s.app }

// Close ends the subscription and what else runs, and waits for it; not for longer than
// 10 seconds if the client is stuck, which is an error then. Subscribers hear nothing any
// more, and calls are errors. The client stays open. Closing again does nothing more.
func (s *Store) Close() error { return s.close() }

func (s *Store) shutdown() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-time.After(closeTime):
		return fmt.Errorf("%s: closed, but the client still waits for the server after %v; its ReadTimeout ends that", s.name, closeTime)
	}
}

var errClosed = errors.New("the store is closed")

// start runs f on a goroutine that Close waits for. False: the store is closed.
func (s *Store) start(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.running.Go(f)
	return true
}

// call runs f, and returns when ctx ends even if f does not: what a client does with a
// context depends on its options, and nothing of it obeys a mere cancellation.
func call[T any](ctx context.Context, s *Store, f func(ctx context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var none T
	if err := ctx.Err(); err != nil {
		return none, fmt.Errorf("%s: %w", s.name, err)
	}
	answer := make(chan result, 1)
	started := s.start(func() {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(s.ctx, cancel)()
		var r result
		defer func() { answer <- r }()
		defer func() {
			if p := recover(); p != nil {
				r.err = fmt.Errorf("the client panicked: %v", p)
			}
		}()
		r.value, r.err = f(ctx)
	})
	if !started {
		return none, fmt.Errorf("%s: %w", s.name, errClosed)
	}
	select {
	case r := <-answer:
		if r.err != nil {
			s.lookAround(r.err)
			return none, s.explain(ctx, r.err)
		}
		return r.value, nil
	case <-ctx.Done():
		s.lookAround(ctx.Err())
		return none, fmt.Errorf("%s: no answer: %w", s.name, ctx.Err())
	case <-s.ctx.Done():
		return none, fmt.Errorf("%s: %w", s.name, errClosed)
	}
}

// lookAround makes a cluster's client ask which node is the primary now, if err does not
// come from a node that answered: go-redis itself asks when a node sends it elsewhere, and
// otherwise once a minute, however dead the node is. It does not wait.
func (s *Store) lookAround(err error) {
	cluster, ok := s.client.(*redis.ClusterClient)
	if _, answered := errors.AsType[redis.Error](err); ok && !answered && s.ctx.Err() == nil {
		cluster.ReloadState(s.ctx)
	}
}

// explain puts the store's name before err, and what the caller has to know behind it.
func (s *Store) explain(ctx context.Context, err error) error {
	if ctxErr := ctx.Err(); ctxErr != nil && !errors.Is(err, ctxErr) {
		return fmt.Errorf("%s: %w: %w", s.name, ctxErr, err)
	}
	return fmt.Errorf("%s: %w", s.name, err)
}
