package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/sqlstore"
	"github.com/go-downtime/downtime/stores/storetest/servers"
)

// An INSERT of MySQL returns no rows; the mark comes back all the same, as long as it is the
// one that the store has read.
func TestAReportToMariaDBIsOneStatement(t *testing.T) {
	t.Parallel()
	my := servers.MariaDB(t)
	d := database{kind: sqlstore.MySQL, driver: "mysql", dsn: "root@tcp(" + my.Addr + ")/" + my.Database(t) + "?interpolateParams=true"}
	other := d.store(t, sqlstore.Options{})
	require.NoError(t, other.Migrate(t.Context()))

	db := d.open(t)
	db.SetMaxOpenConns(1) // so that the session's own count is the store's
	st, err := sqlstore.New(db, d.kind, sqlstore.Options{App: "shop"})
	require.NoError(t, err)
	statements := func() (n int) {
		var name string
		require.NoError(t, db.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE 'Questions'").Scan(&name, &n))
		return n
	}
	report := func() (mark core.Mark, cost int) {
		before := statements()
		mark, _, err := st.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
		require.NoError(t, err)
		return mark, statements() - before - 1
	}

	mark, _ := report()
	require.Zero(t, mark, "there is no document")
	written, err := core.Init(t.Context(), other, core.InitOptions{})
	require.NoError(t, err)
	for range 3 {
		mark, cost := report()
		require.Equal(t, written.After.Mark(), mark)
		require.LessOrEqual(t, cost, 2, "a mark that the store has not read takes another statement")
		for range 3 {
			mark, cost = report()
			require.Equal(t, written.After.Mark(), mark)
			require.Equal(t, 1, cost)
		}
		written, err = core.Start(t.Context(), other, core.StartOptions{Holder: "ann"})
		require.NoError(t, err)
	}
	state, rows, err := st.Instances(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.True(t, rows[0].Live(state.Time))
	require.Equal(t, time.Minute, rows[0].Lease.Sub(rows[0].Seen))
}
