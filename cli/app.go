package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/go-downtime/downtime/store"
	"github.com/spf13/cobra"
)

// Option changes [Main] and [Command]. A nil Option changes nothing.
type Option func(*app)

// Opener opens the store that a URL names. ctx ends with the command. The command closes
// the store if it is an io.Closer. A fault of the URL itself is a [*store.FieldError] with
// the field "store": then the command exits with 2, else with 1.
type Opener func(ctx context.Context, url string) (store.Store, error)

// app is the configuration of one invocation, and its global flags.
type app struct {
	name    string
	version string
	store   store.Store
	schemes map[string]schemeOf
	lockers map[string]Locker
	rules   *siteRules // nil: only those of check's flags are known

	tree    *cobra.Command // the root of the commands
	url     string
	zone    string
	timeout durationFlag
	noColor bool

	wrote bool // the running command has changed the store
}

type schemeOf struct {
	form string
	open Opener
}

// Locker opens the lock with this name in the database that a URL names, and takes nothing yet. "" as
// name means the application that the URL names. Locker fails if the lock could not exclude
// writers, for example through a pooler. Its errors are those of an [Opener].
type Locker func(ctx context.Context, url, name string) (Lock, error)

// Lock is a lock that "run --pg-lock" holds alone while COMMAND runs. String names the lock and its
// database, without a password.
type Lock interface {
	fmt.Stringer
	// Acquire waits until the lock is free, and takes it. While it waits, it calls waiting with the
	// holders, and for how long each one has held the lock; 0 means unknown.
	Acquire(ctx context.Context, waiting func(holders map[string]time.Duration)) error
	// Lost returns a channel that is closed if the lock is lost after Acquire, and Err then returns
	// the reason.
	Lost() <-chan struct{}
	Err() error
	// Release gives the lock back and frees its resources. The error says that the lock was lost
	// before. A second Release has no effect.
	Release(ctx context.Context) error
}
