package redisstore_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// TestAnInstanceReportsAgainAfterAFailover has a server that is a replica for a while, as in a
// failover. It serves reads, and answers writes with READONLY.
func TestAnInstanceReportsAgainAfterAFailover(t *testing.T) {
	t.Parallel()
	server := testservers.Redis(t)
	st, client := open(t, server.Addr)
	_, err := operator.Operator{Store: st, Actor: "ann"}.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	override := filepath.Join(t.TempDir(), "override")
	gate, err := core.New(core.Config{Store: st, PollInterval: time.Hour, OverrideFile: override, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { _ = gate.Shutdown(context.Background()) })
	soon(t, func() bool { return isOpen(gate) && gate.Status().Registered }, "the gate does not open")

	require.NoError(t, client.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err())
	require.NoError(t, os.WriteFile(override, []byte("down\n"), 0o600)) // the gate reports it
	soon(t, func() bool { return gate.Status().RowErr != nil }, "the server takes writes")
	require.ErrorIs(t, gate.Status().RowErr, store.ErrReadOnly)

	require.NoError(t, client.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err())
	soon(t, func() bool {
		set, err := st.ListRows(t.Context(), "")
		if err != nil || len(set.Rows) != 1 || set.Rows[0].Life != store.Live {
			return false
		}
		row, err := period.DecodeRow(set.Rows[0].Key, set.Rows[0].Bytes)
		return err == nil && row.Override == "down"
	}, "the instance does not report again")
	soon(t, func() bool { return gate.Status().RowErr == nil }, "the gate keeps the error")
}
