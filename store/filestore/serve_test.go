package filestore

import (
	"bufio"
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

func init() {
	// An application: a process with a gate, which writes its log to stdout.
	roles["serve"] = func(_ context.Context, st *Store) error {
		gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.NewTextHandler(os.Stdout, nil))})
		if err != nil {
			return err
		}
		slog.New(slog.NewTextHandler(os.Stdout, nil)).Info("serving", "open", gate.Status().Open)
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		return nil
	}
}

// logs is the log of an application on the file at path. Each call waits for a line with the text.
func logs(t *testing.T, path string) (waitFor func(text string) (all string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a line that does not come ends the test
	t.Cleanup(cancel)
	cmd := process(ctx, "serve", path)
	_, err := cmd.StdinPipe() // open, so that it runs on
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines, all := bufio.NewScanner(out), ""
	return func(text string) string {
		for lines.Scan() {
			all += lines.Text() + "\n"
			if strings.Contains(lines.Text(), text) {
				return all
			}
		}
		t.Fatalf("the log has no %q: %s", text, all)
		return ""
	}
}
