package filestore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

// The tests begin other processes: this test binary, with a role in its environment.
const (
	roleVar = "FILESTORE_TEST_ROLE"
	pathVar = "FILESTORE_TEST_PATH"
	stepVar = "FILESTORE_TEST_STEP"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVar); role != "" {
		if err := play(role); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// play is what another process does.
func play(role string) error {
	ctx := context.Background()
	st, err := New(os.Getenv(pathVar))
	if err != nil {
		return err
	}
	switch role {
	case "die-at-step":
		st.fault = func(step string) error {
			if step == os.Getenv(stepVar) {
				return die()
			}
			return nil
		}
		_, err := core.Start(ctx, st, core.StartOptions{Holder: "dying"})
		return err
	case "write-for-ever":
		for {
			res, err := core.Start(ctx, st, core.StartOptions{Holder: "writer", Reason: new(strings.Repeat("x", 2000))})
			if err != nil {
				return err
			}
			fmt.Println(res.After.Revision)
		}
	case "hold-the-lock":
		w, err := st.acquire(ctx)
		if err != nil {
			return err
		}
		defer w.release()
		fmt.Println("held")
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		return nil
	case "register":
		host, boot := core.ThisHost()
		row := core.Instance{ID: "child", Host: host, Boot: boot, PID: os.Getpid(), Refuses: []string{}}
		if _, _, err := st.Report(ctx, row, time.Minute); err != nil {
			return err
		}
		fmt.Println("registered")
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		return nil
	case "toggle": // each line begins or ends a deployment; the answer is when that began
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			began := time.Now().UnixNano()
			var err error
			if lines.Text() == "start" {
				_, err = core.Start(ctx, st, core.StartOptions{Holder: "ann"})
			} else {
				_, err = core.End(ctx, st, core.EndOptions{Holder: "ann"})
			}
			if err != nil {
				return err
			}
			fmt.Println(began)
		}
		return nil
	}
	return errors.New("unknown role " + role)
}

// process is another process in a role on the file at path, not yet begun.
func process(ctx context.Context, role, path string, env ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(append(os.Environ(), roleVar+"="+role, pathVar+"="+path), env...)
	cmd.Stderr = os.Stderr
	return cmd
}

// newFile is a store on a path where nothing is.
func newFile(t testing.TB, opts ...Option) *Store {
	t.Helper()
	st, err := New(t.TempDir()+"/downtime.json", opts...)
	require.NoError(t, err)
	return st
}

// down is a store whose document takes the site down, and its state.
func down(t testing.TB, opts ...Option) (*Store, core.State) {
	t.Helper()
	st := newFile(t, opts...)
	_, err := core.Start(t.Context(), st, core.StartOptions{Holder: "ann"})
	require.NoError(t, err)
	return st, load(t, st)
}

func load(t testing.TB, st core.Store) core.State {
	t.Helper()
	state, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	return state
}

// again is another handle on st's file, like one in another process: it knows nothing.
func again(t testing.TB, st *Store) *Store {
	t.Helper()
	other, err := New(st.path)
	require.NoError(t, err)
	return other
}

// names lists a directory.
func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}
