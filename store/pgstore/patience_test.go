package pgstore_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store/pgstore"
)

// TestStatementsThatWaitForALockGiveUpByThemselves is about PgBouncer 1.18, which can crash by the
// cancel request of a client that gave up.
func TestStatementsThatWaitForALockGiveUpByThemselves(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	bouncer := testservers.PgBouncer(t, pg, "default_pool_size = 20")
	url := pg.Database(t)
	prepared(t, url, pgstore.Options{})
	const gates = 8
	var stores []*pgstore.Store
	for range gates {
		stores = append(stores, open(t, bouncer.URL(databaseOf(url)), pgstore.Options{}))
	}
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	_, err = conn.Exec(t.Context(), "BEGIN; LOCK TABLE downtime_state, downtime_rows IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)

	var all sync.WaitGroup
	errs := make(chan error, 2*gates)
	for n, st := range stores {
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		t.Cleanup(cancel)
		all.Go(func() {
			_, err := st.Get(ctx, "")
			errs <- err
		})
		all.Go(func() {
			_, _, err := st.PutRow(ctx, string(rune('a'+n)), []byte("row"), time.Minute)
			errs <- err
		})
	}
	all.Wait()
	close(errs)
	for err := range errs {
		require.Error(t, err)
	}
	log := pg.Log()
	require.Contains(t, log, "canceling statement due to lock timeout")
	require.NotContains(t, log, "canceling statement due to user request")

	_, err = conn.Exec(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	for _, st := range stores {
		blob, err := st.Get(t.Context(), "")
		require.NoError(t, err, "PgBouncer runs")
		require.True(t, strings.HasPrefix(string(blob.Bytes), first))
	}
	// A pooler passes the server's connections on to other clients.
	pooled, err := pgx.Connect(t.Context(), bouncer.URL(databaseOf(url)))
	require.NoError(t, err)
	t.Cleanup(func() { _ = pooled.Close(context.WithoutCancel(t.Context())) })
	var limit string
	require.NoError(t, pooled.QueryRow(t.Context(), "SHOW lock_timeout", pgx.QueryExecModeSimpleProtocol).Scan(&limit))
	require.Equal(t, "0", limit)
}
