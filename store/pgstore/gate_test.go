package pgstore_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/pgstore"
)

// Heartbeats are no statements. There are a hundred of them between two polls here.
func TestAnIdleInstanceSendsReadsAndRenewalsOnly(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t, "-c", "log_statement=all", "-c", "log_line_prefix=%a ")
	url := pg.Database(t)
	writer := open(t, url, pgstore.Options{})
	require.NoError(t, writer.Prepare(t.Context()))
	_, err := operator.Operator{Store: writer}.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	_, _, err = writer.PutRow(t.Context(), "old", []byte("row"), 0)
	require.NoError(t, err)
	pg.Exec(t, url, "UPDATE downtime_rows SET seen = 0 WHERE row_key = ''") // a gate that starts lists a new set again
	st, err := pgstore.Open(url+"&application_name=measured", pgstore.Options{App: "shop"})
	require.NoError(t, err)
	defer func() { require.NoError(t, st.Close()) }()
	st.Quicken()
	gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, gate.Shutdown(t.Context())) }()
	statements := func() (reads, renewals, others int) {
		for line := range strings.Lines(pg.Log()) {
			switch {
			case !strings.HasPrefix(line, "measured LOG:"), strings.Contains(line, "set_config('lock_timeout'"): // part of the next one
			case strings.Contains(line, `UPDATE "downtime_rows"`):
				renewals++
			case strings.Contains(line, "SELECT CAST(EXTRACT"):
				reads++
			default:
				others++
			}
		}
		return reads, renewals, others
	}
	await(t, st, func() bool { return gate.Status().Registered && strings.HasPrefix(gate.Status().Hints, "on") })
	reads, renewals, others := statements()
	await(t, st, func() bool {
		r, n, _ := statements()
		return r > reads && n > renewals
	})
	endReads, endRenewals, end := statements()
	require.Equal(t, others, end)
	require.LessOrEqual(t, endReads, reads+2, "a read each 15 s")
	require.LessOrEqual(t, endRenewals, renewals+2, "a renewal each 15 s")
	require.True(t, strings.HasPrefix(gate.Status().Hints, "on"), gate.Status().Hints)
}
