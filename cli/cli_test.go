package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"downtime": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			defer stop()
			os.Exit(Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, WithVersion("v9.8.7")))
		},
	})
}

// TestScripts runs each command as a process on a file store. Beside testscript's own
// commands there are
//
//	exits CODE CMD ARGS…  runs CMD, and demands this exit code, and at most one line on stderr
//	last TEXT             demands this last line on stdout
//	id VAR                sets VAR to the id that the last command printed first
//	shows PIPE TEXT       waits until the background command has written TEXT into the named pipe
//	interrupt             interrupts it, as Ctrl-C does
//	exited CODE           after wait: demands this exit code of it
func TestScripts(t *testing.T) {
	t.Parallel()
	beginSession(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Values[backgroundKey{}] = &background{}
			env.Setenv("TZ", "UTC")
			env.Setenv("DOWNTIME_STORE", "file:state.json")
			env.Setenv("SUDO_USER", "alice")
			env.Setenv("GORACE", "atexit_sleep_ms=0") // else each process of a -race build sleeps for a second
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":     scriptExits,
			"last":      scriptLast,
			"id":        scriptID,
			"shows":     scriptShows,
			"interrupt": scriptInterrupt,
			"exited":    scriptExited,
		},
	})
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE CMD ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		failed, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = failed.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	if args[1] == "sh" || len(args) > 2 && args[2] == "run" { // run reports on stderr
		return
	}
	stderr := ts.ReadFile("stderr")
	if stderr != "" && (!strings.HasPrefix(stderr, "downtime: ") || strings.Count(stderr, "\n") != 1) {
		ts.Fatalf("stderr is not one line of the command's: %q", stderr)
	}
	if needsLine := got == ExitFailed || got == ExitUsage || got == ExitNothingToEnd; needsLine != (stderr != "") && got != ExitStillDown {
		ts.Fatalf("exit code %d with stderr %q", got, stderr)
	}
}

func scriptLast(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: last TEXT")
	}
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile("stdout"), "\n"), "\n")
	if got := lines[len(lines)-1]; got != args[0] {
		ts.Fatalf("last line %q, want %q", got, args[0])
	}
}

func scriptID(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: id VAR")
	}
	words := strings.Fields(ts.ReadFile("stdout"))
	if len(words) < 2 || len(words[1]) != 6 {
		ts.Fatalf("no id in stdout")
	}
	ts.Setenv(args[0], words[1])
}

// read is the document of st.
func read(t *testing.T, st store.Store) operator.State {
	t.Helper()
	state, err := operator.Operator{Store: st}.Read(t.Context())
	require.NoError(t, err)
	return state
}

// run is Main in this process, on st.
func run(t *testing.T, st store.Store, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Main(t.Context(), args, nil, &out, &errs, WithStore(st))
	return code, out.String(), errs.String()
}

func TestMainOnTheApplicationsOwnStore(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	var out bytes.Buffer
	code := Main(t.Context(), []string{"start", "--no-wait", "--holder", "x", "--json"}, nil, &out, nil, WithStore(st), WithName("myapp downtime"))
	require.Equal(t, ExitDone, code)
	state := read(t, st)
	require.Len(t, state.InForce(), 1)

	code = Main(t.Context(), []string{"end", "--holder", "y"}, nil, &out, nil, WithStore(st), WithName("myapp downtime"))
	require.Equal(t, ExitStillDown, code)
	require.Contains(t, out.String(), "reopen     myapp downtime end "+state.Document.Periods[0].ID+"\n")

	code, _, stderr := run(t, st, "status", "--store", "file:x")
	require.Equal(t, ExitUsage, code)
	require.Equal(t, "downtime: unknown flag: --store: see downtime status --help\n", stderr)
	_, help, _ := run(t, st, "help")
	require.Contains(t, help, "The store is the application's own: "+st.Info().Name)
	require.NotContains(t, help, "DOWNTIME_STORE")
}

func TestOptionsThatAreNilCountForNothing(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	require.Equal(t, ExitDone, Main(t.Context(), []string{"status"}, nil, &out, &errs, nil, WithStore(memstore.New()), nil), errs.String())
	require.Equal(t, ExitUsage, Main(t.Context(), []string{"status", "--store", "trial:x"}, nil, nil, &errs, WithStore(nil)))
	require.Contains(t, errs.String(), `unknown scheme "trial:": want file:PATH`)
}

func TestMainIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	st := memstore.New()
	for _, args := range [][]string{{"start", "--no-wait", "--holder", "x"}, {"status"}, {"status", "--watch"}, {"list"}} {
		var errs bytes.Buffer
		require.Equal(t, ExitInterrupted, Main(ctx, args, nil, nil, &errs, WithStore(st)), args)
	}
	require.Nil(t, read(t, st).Document)
}

// hangingStore answers nothing.
type hangingStore struct{ store.Store }

func (hangingStore) Get(ctx context.Context, _ store.Token) (store.Blob, error) {
	<-ctx.Done()
	return store.Blob{}, ctx.Err()
}

func TestMainDoesNotWaitForeverForTheStore(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := run(t, hangingStore{memstore.New()}, "start", "--no-wait", "--timeout", "20ms", "--holder", "x")
	require.Equal(t, ExitFailed, code)
	require.Empty(t, stdout)
	require.Equal(t, "downtime: context deadline exceeded: the store did not answer within 20ms (--timeout)\n", stderr)
}

// closingStore knows whether it was closed.
type closingStore struct {
	store.Store

	closed *int
}

func (c closingStore) Close() error {
	*c.closed++
	return nil
}

func TestSchemesOpenAndCloseStores(t *testing.T) {
	t.Parallel()
	closed := 0
	scheme := WithScheme("trial", "trial:NAME", func(_ context.Context, url string) (store.Store, error) {
		switch url {
		case "trial:bad":
			return nil, &store.FieldError{Field: "store", Value: url, Problem: "want a good one"}
		case "trial:dead":
			return nil, errors.New("connection refused")
		}
		return closingStore{memstore.New(), &closed}, nil
	})
	for name, test := range map[string]struct {
		url    string
		code   int
		stderr string
	}{
		"a known scheme":               {"trial:x", ExitDone, ""},
		"a bad URL is wrong usage":     {"trial:bad", ExitUsage, "downtime: --store: \"trial:bad\": want a good one\n"},
		"a dead store is a failure":    {"trial:dead", ExitFailed, "downtime: connection refused\n"},
		"an unknown one names those":   {"redis://h", ExitUsage, "downtime: --store: unknown scheme \"redis:\": want file:PATH, trial:NAME\n"},
		"no scheme names them too":     {"x.json", ExitUsage, "downtime: --store: it is not the URL of a store: want file:PATH, trial:NAME\n"},
		"a password":                   {"trial://u:p@h/db", ExitUsage, "downtime: --store: it holds a password, which every user of this machine can read in the list of processes: set DOWNTIME_STORE to the URL instead\n"},
		"a file without a name":        {"file:", ExitUsage, "downtime: --store: names no file; want file:PATH\n"},
		"a file on another host":       {"file://host/x", ExitUsage, "downtime: --store: names a host; want file:PATH or file:///PATH\n"},
		"no scheme has a control byte": {"a\x1bb:x", ExitUsage, "downtime: --store: it is not the URL of a store: want file:PATH, trial:NAME\n"},
	} {
		var errs bytes.Buffer
		code := Main(t.Context(), []string{"status", "--store", test.url}, nil, nil, &errs, scheme)
		require.Equal(t, test.code, code, name)
		require.Equal(t, test.stderr, errs.String(), name)
	}
	require.Equal(t, 1, closed)
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestMainSaysThatItsOutputIsCutOff(t *testing.T) {
	t.Parallel()
	var errs bytes.Buffer
	code := Main(t.Context(), []string{"status"}, nil, fullDisk{}, &errs, WithStore(memstore.New()))
	require.Equal(t, ExitFailed, code)
	require.Equal(t, "downtime: the output above is cut off: no space left\n", errs.String())
}

func TestCommandInsideAnotherTree(t *testing.T) {
	t.Parallel()
	host := Command(WithName("host"))
	host.AddCommand(Command(WithStore(memstore.New())))
	var out, errs bytes.Buffer
	host.SetOut(&out)
	host.SetErr(&errs)
	host.SetArgs([]string{"downtime", "start", "--no-wait", "--holder", "x"})
	require.NoError(t, host.ExecuteContext(t.Context()))
	require.Contains(t, out.String(), "reopen     host downtime end ")
	host.SetArgs([]string{"downtime", "end", "--holder", "y"})
	require.Equal(t, ExitStillDown, ExitCode(host.ExecuteContext(t.Context())))
	host.SetArgs([]string{"downtime", "frob"})
	require.Equal(t, ExitUsage, ExitCode(host.ExecuteContext(t.Context())))
	require.Contains(t, errs.String(), `unknown command "frob"`)
}
