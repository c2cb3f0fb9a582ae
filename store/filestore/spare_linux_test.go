package filestore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
)

func init() {
	// Another process makes two changes and loses the document. This process prints each result
	// of its reads.
	roles["read without descriptors"] = func(ctx context.Context, st *Store) error {
		if _, err := st.Get(ctx, ""); err != nil {
			return err
		}
		idle, err := useUp()
		if err != nil {
			return err
		}
		line := make([]byte, 1)
		for {
			fmt.Println("ready")
			if _, err := os.Stdin.Read(line); err != nil {
				break
			}
			blob, err := st.Get(ctx, "")
			fmt.Printf("%q %v\n", blob.Bytes, errors.Is(err, store.ErrLost))
		}
		for _, f := range idle {
			if err := f.Close(); err != nil {
				return err
			}
		}
		return nil
	}
}

func init() {
	// An application whose visitors hold all descriptors.
	roles["serve without descriptors"] = func(ctx context.Context, st *Store) error {
		gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			return err
		}
		if err := gate.Refresh(ctx); err != nil {
			return err
		}
		for !gate.Status().Registered || !gate.Status().Open {
			<-time.After(time.Millisecond)
		}
		if os.Getenv(noSpareVar) != "" { // as after other files took it
			st.mu.Lock()
			err := st.spare.Close()
			st.spare = nil
			st.mu.Unlock()
			if err != nil {
				return err
			}
		}
		idle, err := useUp()
		if err != nil {
			return err
		}
		fmt.Println("ready")
		_, _ = os.Stdin.Read(make([]byte, 1))
		fmt.Fprintln(os.Stderr, len(idle), "files were open")
		return nil
	}
}

const noSpareVar = "FILESTORE_TEST_NO_SPARE"

// useUp opens files until the process has no descriptor left.
func useUp() (idle []*os.File, err error) {
	few := syscall.Rlimit{Cur: 40, Max: 40}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		return nil, err
	}
	for {
		f, err := os.Open(os.DevNull)
		if errors.Is(err, syscall.EMFILE) {
			return idle, nil
		}
		if err != nil {
			return nil, err
		}
		idle = append(idle, f)
	}
}

// TestAnInstanceWithoutDescriptorsReports: the row says what the gate does, or that it cannot read
// the store, before its lease ends.
func TestAnInstanceWithoutDescriptorsReports(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  string
		want func(i operator.Instance) bool
		says string
	}{
		"with a descriptor in reserve for the document": {"", func(i operator.Instance) bool { return len(i.Drained) == 1 }, ""},
		"without one": {
			noSpareVar + "=1", func(i operator.Instance) bool { return strings.Contains(i.Problem, "too many open files") },
			"1 of 1 instance serves: host ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newFile(t)
			cmd := process(t.Context(), "serve without descriptors", st.path, c.env)
			in, err := cmd.StdinPipe()
			require.NoError(t, err)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			_, err = bufio.NewReader(out).ReadString('\n')
			require.NoError(t, err)
			op := operator.Operator{Store: st, Actor: "ann"}
			began := time.Now()
			_, err = op.Start(t.Context(), operator.StartOptions{Holder: "ann"})
			require.NoError(t, err)
			var fleet operator.Judgment
			require.Eventually(t, func() bool {
				fleet, err = op.Fleet(t.Context())
				return err == nil && len(fleet.Instances) == 1 && c.want(fleet.Instances[0])
			}, 50*time.Second, 10*time.Millisecond)
			t.Logf("reported %v after the write", time.Since(began))
			require.Contains(t, fleet.Disagreement(), c.says)
			require.Equal(t, c.says != "", strings.Contains(fleet.Disagreement(), "(cannot read the store)"))
			require.NoError(t, in.Close())
			require.NoError(t, cmd.Wait())
		})
	}
}

// TestADocumentIsReadWithoutDescriptors: idle visitors hold all descriptors of the application.
func TestADocumentIsReadWithoutDescriptors(t *testing.T) {
	t.Parallel()
	st, _ := written(t)
	cmd := process(t.Context(), "read without descriptors", st.path)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	says := func(want string) {
		t.Helper()
		var text, lost string
		_, err := fmt.Fscan(out, &text)
		require.NoError(t, err)
		if text != "ready" {
			_, err = fmt.Fscan(out, &lost)
			require.NoError(t, err)
			text += " " + lost
		}
		require.Equal(t, want, text)
	}
	says("ready")
	for n, want := range []string{`"first" false`, `"second" false`, `"" true`} {
		switch n {
		case 0, 1:
			require.NoError(t, st.Swap(t.Context(), read(t, again(t, st)).Token, []byte([]string{"first", "second"}[n])))
		default:
			require.NoError(t, os.Remove(st.path))
		}
		_, err := in.Write([]byte("."))
		require.NoError(t, err)
		says(want)
		says("ready")
	}
	require.NoError(t, in.Close())
	if err := cmd.Wait(); err != nil && !errors.Is(err, fs.ErrClosed) {
		require.NoError(t, err)
	}
}
