package redisstore

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/redis/go-redis/v9"

	"github.com/go-downtime/downtime/internal/wakes"
	"github.com/go-downtime/downtime/store"
)

// Options for [New].
type Options struct {
	// App names the application, so that several can share a server. Required: a letter or
	// digit, then up to 62 letters, digits, dots, dashes or underscores, all ASCII.
	App string
	// WaitReplicas is the number of replicas that must have a write before Swap succeeds. If
	// fewer confirm it within a second, or within half of the client's ReadTimeout if that is
	// shorter, Swap returns [store.ErrUnconfirmed], although the primary has the write. This makes
	// it less likely that a failover loses a write, and does not exclude it. Zero waits for none.
	WaitReplicas int
}

// Store is a [store.Store] with [store.Rows] and [store.Hinter] in Redis. It is safe for
// concurrent use. Close ends its goroutines.
type Store struct {
	client       redis.UniversalClient
	app, name    string
	keys         keys
	waitReplicas int
	waitTime     time.Duration
	hints        wakes.Connection // the subscription
	reads        chan read        // tokens that polls found

	ctx    context.Context //nolint:containedctx // ends with Close
	cancel context.CancelFunc
	close  func() error

	mu         sync.Mutex
	closed     bool
	running    sync.WaitGroup // all goroutines of the store; mu guards Add
	missed     int            // writes that a poll found and no message announced
	lastMissed time.Time
}

var (
	_ store.Rows   = (*Store)(nil)
	_ store.Hinter = (*Store)(nil)
	_ io.Closer    = (*Store)(nil)
)

// keys are the names of what one application has on the server.
type keys struct{ document, rows, changed, test string }

func keysOf(app string) keys {
	base := "downtime:{" + app + "}:v1"
	return keys{document: base, rows: base + ":rows", changed: base + ":changed", test: base + ":test:"}
}

var appName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// New returns a store on client. The caller owns the client and closes it after the store.
// New does not connect: if the server is down, Get returns the error.
//
// Errors are [*store.FieldError]s: an invalid option, a nil client, a client without ReadTimeout
// (a frozen server would hold its connections without limit), and a [redis.Ring], which moves
// keys to another server when one is down.
func New(client redis.UniversalClient, o Options) (*Store, error) {
	where, timeout, err := inspect(client)
	if err != nil {
		return nil, err
	}
	if !appName.MatchString(o.App) {
		return nil, &store.FieldError{Field: "App", Value: o.App, Problem: "want the application's name: a letter or digit, then up to 62 letters, digits, dots, dashes or underscores"}
	}
	if o.WaitReplicas < 0 {
		return nil, &store.FieldError{Field: "WaitReplicas", Value: o.WaitReplicas, Problem: "want 0 or more"}
	}
	s := &Store{
		client: client, app: o.App, name: "redis:" + o.App + where, keys: keysOf(o.App),
		hints: wakes.Connection{Pace: wakes.DefaultPace}, reads: make(chan read, 1),
		waitReplicas: o.WaitReplicas, waitTime: max(min(time.Second, timeout/2), time.Millisecond),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.close = sync.OnceValue(s.shutdown)
	return s, nil
}

// inspect returns the address of client's server, without user and password, and the
// client's ReadTimeout. It refuses a client that cannot work.
func inspect(client redis.UniversalClient) (where string, timeout time.Duration, err error) {
	fault := func(field, problem string) (string, time.Duration, error) {
		return "", 0, &store.FieldError{Field: field, Problem: problem}
	}
	switch c := client.(type) {
	case nil:
		return fault("client", "is nil")
	case *redis.Ring:
		return fault("client", "is a redis.Ring, which uses another server for the same key when one is down; want a redis.Client or a redis.ClusterClient")
	case *redis.Client:
		if c == nil {
			return fault("client", "is nil")
		}
		o := c.Options()
		where, timeout = "@"+o.Addr+"/"+strconv.Itoa(o.DB), o.ReadTimeout
	case *redis.ClusterClient:
		if c == nil {
			return fault("client", "is nil")
		}
		o := c.Options()
		where, timeout = "@"+strings.Join(o.Addrs, ","), o.ReadTimeout
	default:
		return "", time.Minute, nil // another implementation: the caller is responsible
	}
	if timeout <= 0 {
		return fault("client.ReadTimeout", "is disabled, so that a frozen server holds connections for ever; leave it at its default, or set one")
	}
	if strings.ContainsFunc(where, unicode.IsControl) {
		return fault("client.Addr", "has control characters")
	}
	return where, timeout, nil
}

// Info describes the store. The name is "redis:", the application, and the server's address.
func (s *Store) Info() store.Info {
	durability := "what the server's persistence survives; a failover can lose it"
	if s.waitReplicas > 0 {
		durability = fmt.Sprintf("the loss of the primary, if one of the %d replicas that have it is promoted", s.waitReplicas)
	}
	poll := pollAlone
	if ok, _ := s.Hints(); ok {
		poll = s.hints.Pace.PollHinted
	}
	return store.Info{Name: s.name, Application: s.app, MaxBytes: store.MaxBytes, Poll: poll, OwnClock: true, Durability: durability}
}
