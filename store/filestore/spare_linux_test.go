package filestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
)

func init() {
	// Another process makes two changes and loses the document. This process prints each result
	// of its reads.
	roles["read without descriptors"] = func(ctx context.Context, st *Store) error {
		if _, err := st.Get(ctx, ""); err != nil {
			return err
		}
		few := syscall.Rlimit{Cur: 40, Max: 40}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
			return err
		}
		var idle []*os.File
		for {
			f, err := os.Open(os.DevNull)
			if errors.Is(err, syscall.EMFILE) {
				break
			}
			if err != nil {
				return err
			}
			idle = append(idle, f)
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
