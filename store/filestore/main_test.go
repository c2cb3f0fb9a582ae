package filestore

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
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

// roles are the actions of another process.
var roles = map[string]func(ctx context.Context, st *Store) error{
	"die at a step of a write": func(ctx context.Context, st *Store) error {
		dieAt(st)
		return change(ctx, st)
	},
	"die at a step of a deployment": func(ctx context.Context, st *Store) error {
		dieAt(st)
		_, err := operator.Operator{Store: st}.Start(ctx, operator.StartOptions{Holder: "bob"})
		return err
	},
	"die at a step of a row": func(ctx context.Context, st *Store) error {
		dieAt(st)
		_, _, err := st.PutRow(ctx, "child", []byte("row"), time.Minute)
		return err
	},
	"write on and on": func(ctx context.Context, st *Store) error {
		blob, err := st.Get(ctx, "")
		if err != nil && !noDocument(err) {
			return err
		}
		for n := numberOf(blob.Bytes) + 1; ; n++ {
			next := numbered(n)
			if err := st.Swap(ctx, blob.Token, next); err != nil {
				return err
			}
			blob.Token = store.TokenOf(next)
			fmt.Println(n)
		}
	},
	"hold the writers' lock": func(ctx context.Context, st *Store) error {
		return st.locked(ctx, func(*writer) error {
			fmt.Println("ready")
			_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
			return nil
		})
	},
	"put a row": func(ctx context.Context, st *Store) error {
		if _, _, err := st.PutRow(ctx, "child", []byte("row"), time.Minute); err != nil {
			return err
		}
		fmt.Println("ready")
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		return nil
	},
}

func play(role string) error {
	st, err := New(os.Getenv(pathVar))
	if err != nil {
		return err
	}
	f, ok := roles[role]
	if !ok {
		return errors.New("unknown role " + role)
	}
	return f(context.Background(), st)
}

// dieAt ends the process before the nth step, counted from 0.
func dieAt(st *Store) {
	left, err := strconv.Atoi(os.Getenv(stepVar))
	st.fault = func(string) error {
		if left--; left < 0 {
			return die()
		}
		return err
	}
}

// process is another process in a role on the file at path. It is not started.
func process(ctx context.Context, role, path string, env ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(append(os.Environ(), roleVar+"="+role, pathVar+"="+path), env...)
	cmd.Stderr = os.Stderr
	return cmd
}

// waiting starts another process that says "ready" and waits. kill ends it as kill -9 does.
func waiting(t *testing.T, role, path string) (kill func()) {
	t.Helper()
	cmd := process(t.Context(), role, path)
	_, err := cmd.StdinPipe() // open, so that it waits
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	killed := false
	kill = func() {
		if !killed {
			killed = true
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
	t.Cleanup(kill)
	return kill
}

// newFile is a store on a path where nothing is.
func newFile(t testing.TB, opts ...Option) *Store {
	t.Helper()
	st, err := New(filepath.Join(t.TempDir(), "downtime.json"), opts...)
	require.NoError(t, err)
	return st
}

// written is a store with a document.
func written(t testing.TB, opts ...Option) (*Store, store.Blob) {
	t.Helper()
	st := newFile(t, opts...)
	require.NoError(t, st.Swap(t.Context(), "", []byte("{\"first\": true}\n")))
	return st, read(t, st)
}

func read(t testing.TB, st *Store) store.Blob {
	t.Helper()
	blob, err := st.Get(t.Context(), "")
	require.NoError(t, err)
	return blob
}

// change adds a line to the document, and writes the first one if there never was any.
func change(ctx context.Context, st *Store) error {
	blob, err := st.Get(ctx, "")
	if err != nil && !errors.Is(err, store.ErrNeverWritten) {
		return err
	}
	return st.Swap(ctx, blob.Token, withLine(blob.Bytes))
}

func withLine(b []byte) []byte { return append(bytes.Clone(b), "changed\n"...) }

// numbered is a document of about 2 kB that is not whole without each of its bytes.
func numbered(n int) []byte { return fmt.Appendf(nil, "%d\n%s\n", n, strings.Repeat("x", 2000+n%7)) }

// numberOf is 0 for a document that numbered did not make.
func numberOf(b []byte) int {
	line, _, _ := strings.Cut(string(b), "\n")
	if n, err := strconv.Atoi(line); err == nil && bytes.Equal(b, numbered(n)) {
		return n
	}
	return 0
}

// again is another handle on st's file, as another process has it: it knows nothing.
func again(t testing.TB, st *Store) *Store {
	t.Helper()
	other, err := New(st.path)
	require.NoError(t, err)
	return other
}

// failAt makes each step with that name fail.
func failAt(st *Store, failing string, err error) {
	st.fault = func(step string) error {
		if step == failing {
			return err
		}
		return nil
	}
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

// write puts content into the file, as an operator does.
func write(t testing.TB, st *Store, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(st.path, []byte(content), 0o600))
}
