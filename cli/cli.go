package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
)

// Option changes what [Main] and [Command] offer. A nil Option changes nothing.
type Option func(*app)

// Opener opens the store that a URL names. ctx is over when the command is. What it
// returns is closed by the command if it is an io.Closer. An error of the URL itself is a
// [*core.FieldError] with the field "store": then the command exits with 2, else with 1.
type Opener func(ctx context.Context, url string) (core.Store, error)

// WithStore gives the command the application's own store. --store and DOWNTIME_STORE are
// then not offered, and every [WithScheme] is without effect. The caller closes it. A nil
// store is as if the option were not there: --store says which.
func WithStore(st core.Store) Option { return func(a *app) { a.store = st } }

// WithScheme lets --store take URLs that begin with "scheme:". form is how one is written,
// for messages: "sqlite:PATH"; "" leaves it out of them. A scheme that is known already is
// replaced; "file" is built in. Beside [WithStore] there is no --store, and no scheme counts.
//
// Of the store that open returns, the command also uses these methods if it has them:
// Close() error, after the command; Migrate(ctx) error, which makes tables, for init; and
// Application() string, the application's name in a store that several share. The last two
// count for [WithStore] too.
func WithScheme(scheme, form string, open Opener) Option {
	return func(a *app) { a.schemes[scheme] = schemeOf{form: form, open: open} }
}

// WithName is what the command is called by, for messages and the help: "myapp downtime".
// Without it: "downtime".
func WithName(name string) Option { return func(a *app) { a.name = name } }

// WithVersion is what the version command says. Without it: the version of the module in
// the binary.
func WithVersion(version string) Option { return func(a *app) { a.version = version } }

// Main runs the command and returns its exit code. args are without the program's name.
// Nil readers and writers mean none. It handles no signals: ctx ends when the caller
// wants it to, and the exit code is then 130. Concurrent calls are independent.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, opts ...Option) int {
	a := newApp(opts)
	root := a.root()
	root.InitDefaultCompletionCmd(args...)
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			a.finish(c, a.unknown)
		}
	}
	root.SetArgs(append([]string{}, args...)) // nil would mean os.Args
	root.SetIn(orNothing(stdin))
	root.SetOut(orDiscard(stdout))
	root.SetErr(orDiscard(stderr))
	err := root.ExecuteContext(ctx)
	if _, ours := errors.AsType[*exitError](err); err != nil && !ours {
		err = a.fail(root, usagef("%v", err)) // cobra's own, of completion
	}
	return ExitCode(err)
}

// Command returns the command as the root of a cobra tree, or to be added to one. It
// prints its own errors, as one line each; pass the error of Execute to [ExitCode].
func Command(opts ...Option) *cobra.Command { return newApp(opts).root() }

// app is one invocation: what was configured, and the global flags.
type app struct {
	name    string
	version string
	store   core.Store
	schemes map[string]schemeOf

	url     string
	zone    string
	timeout durationFlag
	noColor bool
}

func newApp(opts []Option) *app {
	a := &app{
		name:    "downtime",
		schemes: map[string]schemeOf{"file": {form: "file:PATH", open: openFile}},
		timeout: durationFlag(10 * time.Second),
	}
	for _, o := range opts {
		if o != nil {
			o(a)
		}
	}
	return a
}

const rootLong = `Take a site down, bring it back, and say what it is.

A site that uses downtime reads its periods of downtime from a store. This command writes
them there, confirms each write by reading it back, and says how things stand after it.
It never speaks to the site itself, so that it works while the site is down.

The store is named by --store or DOWNTIME_STORE: %s.

Times are RFC 3339 (2026-03-08T02:30:00Z), or local ("2026-03-08 02:30", or 02:30 for the
next time that a clock shows this) in --tz, else in this machine's zone. A local time that
daylight saving skips or repeats is refused. Durations are like 90m, 1h30m or 2d.

Exit codes:
    0  done
    1  failed: nothing was changed, unless the message says that it is not known
    2  wrong usage: nothing was changed
    5  end: there was nothing to end, and the site is up
    6  end: the site is still down, because of another period
   10  status --exit-code: down; check --exit-code: would be refused
  130  interrupted

The last line on stdout of a command that writes is RESULT up, RESULT down, or
RESULT still-down and the ids of what holds the site down; with --dry-run it is RESULT
dry-run. With --json, the member "result" says the same.`

func (a *app) root() *cobra.Command {
	first, rest, _ := strings.Cut(a.name, " ")
	root := &cobra.Command{
		Use:   first,
		Short: "Take a site down, bring it back, and say what it is",
		Long:  strings.Replace(rootLong, "%s", a.forms(), 1),
		Args:  cobra.ArbitraryArgs,
	}
	if rest != "" {
		root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: a.name}
	}
	root.Example = a.examples("start --reason 'Moving the database' --for 30m", "status", "end")
	if a.store != nil {
		root.Long = strings.Replace(rootLong, "The store is named by --store or DOWNTIME_STORE: %s.", "The store is the application's own: "+safe(a.store.String())+".", 1)
	}
	a.finish(root, a.unknown)

	flags := root.PersistentFlags()
	if a.store == nil {
		flags.StringVar(&a.url, "store", "", "`URL` of the store: "+a.forms()+" (else DOWNTIME_STORE)")
	}
	flags.StringVar(&a.zone, "tz", "", "`ZONE` of times read and shown, like Europe/Berlin (else this machine's)")
	flags.Var(&a.timeout, "timeout", "how long to wait for the store")
	flags.BoolVar(&a.noColor, "no-color", false, "no colours (also NO_COLOR)")

	root.AddCommand(
		a.startCommand(), a.endCommand(),
		a.scheduleCommand(), a.editCommand(), a.cancelCommand(),
		a.statusCommand(), a.listCommand(), a.logCommand(), a.checkCommand(),
		a.fleetCommand(), a.initCommand(), a.reconcileCommand(),
		a.versionCommand(),
	)
	root.SetHelpCommand(a.helpCommand(root))
	return root
}

// unknown is what the root runs: somebody named no command, or none that there is.
func (a *app) unknown(cmd *cobra.Command, args []string) error {
	see := "see " + a.command(cmd, "--help")
	if len(args) == 0 {
		return usagef("no command: one of %s: %s", strings.Join(names(cmd), ", "), see)
	}
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		see = "did you mean " + strings.Join(like, " or ") + "?"
	}
	return usagef("unknown command %q: %s", args[0], see)
}

func names(cmd *cobra.Command) []string {
	var out []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() && c.Name() != "completion" {
			out = append(out, c.Name())
		}
	}
	return out
}

func (a *app) helpCommand(root *cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Help about a command",
		Example: a.examples("help start"),
		Args:    cobra.ArbitraryArgs,
	}
	return a.finish(cmd, func(_ *cobra.Command, args []string) error {
		about, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 {
			return usagef("no help about %q: see %s", strings.Join(args, " "), a.command(root, "--help"))
		}
		return about.Help()
	})
}

// finish gives cmd what all commands have: how errors are printed, and what they exit
// with.
func (a *app) finish(cmd *cobra.Command, run func(cmd *cobra.Command, args []string) error) *cobra.Command {
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.DisableFlagsInUseLine = true
	check := cmd.Args
	cmd.Args = cobra.ArbitraryArgs // checked below, where the error can be printed
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if check != nil {
			if err := check(cmd, args); err != nil {
				return a.fail(cmd, usagef("%v", err))
			}
		}
		out := &checkedWriter{w: cmd.OutOrStdout()}
		cmd.SetOut(out)
		err := run(cmd, args)
		if out.err != nil {
			err = errors.Join(fmt.Errorf("what was said above is cut off: %w", out.err), err)
		}
		if err != nil {
			return a.fail(cmd, err)
		}
		return nil
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return a.fail(cmd, usagef("%v: see %s", err, a.command(cmd, "--help")))
	})
	return cmd
}

// args is a check for so many arguments, of which the usage line says what they are.
func (a *app) args(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usagef("too few arguments: want %s%s", a.path(cmd), cmd.Use[len(cmd.Name()):])
		case len(args) > most:
			return usagef("%q is too much: want %s%s", args[most], a.path(cmd), cmd.Use[len(cmd.Name()):])
		}
		return nil
	}
}

// path is how cmd is called, wherever the application has put it.
func (a *app) path(cmd *cobra.Command) string { return cmd.CommandPath() }

// command is a command line to copy, on the same store: command(cmd, "end", "kfm2xq").
// cmd is the root or one of its commands.
func (a *app) command(cmd *cobra.Command, words ...string) string {
	base := cmd
	if len(words) > 0 && !strings.HasPrefix(words[0], "-") && cmd.HasParent() && !cmd.HasSubCommands() {
		base = cmd.Parent()
	}
	line := []string{a.path(base)}
	for _, w := range words {
		line = append(line, shellWord(w))
	}
	if a.url != "" && !strings.HasPrefix(words[0], "-") {
		line = append(line, "--store", shellWord(a.url))
	}
	return strings.Join(line, " ")
}

// examples are command lines for the help, each indented.
func (a *app) examples(lines ...string) string {
	var b strings.Builder
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString("  " + a.name + " " + l)
	}
	return b.String()
}

func orNothing(r io.Reader) io.Reader {
	if r == nil {
		return strings.NewReader("")
	}
	return r
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// checkedWriter remembers the first error, so that a full disk does not look like success.
type checkedWriter struct {
	w   io.Writer
	err error
}

func (c *checkedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if err != nil && c.err == nil {
		c.err = err
	}
	return n, err
}

// isTerminal reports whether w is a terminal that can do more than print.
func isTerminal(w io.Writer) bool {
	if c, ok := w.(*checkedWriter); ok {
		w = c.w
	}
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
