package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/sqlstore"
	"github.com/go-downtime/downtime/stores/storetest/servers"
)

// An instance that registers while somebody writes: either the writer, who looks at the
// rows afterwards, finds the new one, or the instance finds the write. One statement that
// did both would see the document of before it began, and be seen only after its end.
func TestWhoRegistersDuringAWriteFindsIt(t *testing.T) {
	t.Parallel()
	pg := servers.Postgres(t)
	d := database{kind: sqlstore.PostgreSQL, driver: "pgx", dsn: pg.Database(t)}
	st := d.store(t, sqlstore.Options{})
	require.NoError(t, st.Migrate(t.Context()))
	first, err := core.Init(t.Context(), st, core.InitOptions{})
	require.NoError(t, err)
	row := core.Instance{ID: "new"}

	// Somebody holds up the report, after it has begun.
	tx, err := d.open(t).BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(t.Context(), "INSERT INTO downtime_instances VALUES ('shop', 'new', 0, 0, '')")
	require.NoError(t, err)
	type answer struct {
		mark core.Mark
		err  error
	}
	reported := make(chan answer, 1)
	go func() {
		mark, _, err := st.Report(t.Context(), row, time.Minute)
		reported <- answer{mark, err}
	}()
	require.Eventually(t, func() bool {
		return pg.Exec(t, d.dsn, "SELECT count(*) FROM pg_locks WHERE NOT granted") == "1"
	}, 30*time.Second, 10*time.Millisecond, "the report does not wait")

	written, err := core.Start(t.Context(), d.store(t, sqlstore.Options{}), core.StartOptions{Holder: "ann"})
	require.NoError(t, err)
	_, rows, err := st.Instances(t.Context())
	require.NoError(t, err)
	require.Empty(t, rows, "the writer does not see the new instance")

	require.NoError(t, tx.Rollback())
	got := <-reported
	require.NoError(t, got.err)
	require.NotEqual(t, first.After.Mark(), got.mark)
	require.Equal(t, written.After.Mark(), got.mark, "so the new instance must see the write")
}
