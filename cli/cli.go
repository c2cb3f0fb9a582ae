package cli

import (
	"cmp"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/store"
)

// WithStore gives the command the application's own store. The command then has no --store,
// ignores DOWNTIME_STORE and every [WithScheme], and leaves the store open. A nil store
// changes nothing.
func WithStore(st store.Store) Option { return func(a *app) { a.store = st } }

// WithScheme lets --store take URLs that begin with "scheme:". Messages show form as the
// form of such a URL: "sqlite:PATH"; they leave the scheme out if form is "". The option
// replaces a known scheme; "file" is built in.
//
// The command uses the store's capabilities: [store.Rows] for fleet, [store.Preparer] for
// init, [store.Keeper] to replace a document that cannot be read.
func WithScheme(scheme, form string, open Opener) Option {
	return func(a *app) { a.schemes[scheme] = schemeOf{form: form, open: open} }
}

// WithName is the name of the command in messages and in the help: "myapp downtime".
// Without it: "downtime".
func WithName(name string) Option { return func(a *app) { a.name = name } }

// WithVersion is the output of the version command. Without it: the version of the module
// in the binary.
func WithVersion(version string) Option { return func(a *app) { a.version = version } }

// Main runs the command and returns its exit code. args do not hold the program's name.
// Nil readers and writers mean none. Main handles no signals: when the caller ends ctx, the
// exit code is 130. Concurrent calls are independent.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, opts ...Option) int {
	a := newApp(opts)
	root := a.root()
	root.SetArgs(append([]string{}, args...)) // nil would mean os.Args
	root.SetIn(cmp.Or[io.Reader](stdin, strings.NewReader("")))
	root.SetOut(cmp.Or(stdout, io.Discard))
	root.SetErr(cmp.Or(stderr, io.Discard))
	err := root.ExecuteContext(ctx)
	if _, ours := errors.AsType[*exitError](err); err != nil && !ours {
		err = a.fail(root, usagef("%v", err)) // cobra's own
	}
	return ExitCode(err)
}

// Command returns the command as the root of a cobra tree, or as a part of one. It prints
// each of its errors as one line; pass the error of Execute to [ExitCode].
func Command(opts ...Option) *cobra.Command { return newApp(opts).root() }

func newApp(opts []Option) *app {
	a := &app{
		name:    "downtime",
		schemes: map[string]schemeOf{"file": {form: "file:PATH", open: openFile}},
		lockers: map[string]Locker{},
		timeout: durationFlag(10 * time.Second),
	}
	for _, o := range opts {
		if o != nil {
			o(a)
		}
	}
	return a
}
