package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/sqlstore"
)

// The idle budget of an instance is two small statements per interval: one read, one renewal.
func TestARenewalAndAReadAreOneStatementEach(t *testing.T) {
	t.Parallel()
	my := testservers.MariaDB(t)
	d := database{kind: sqlstore.MySQL, driver: "mysql", dsn: "root@tcp(" + my.Addr + ")/" + my.Database(t) + "?interpolateParams=true"}
	_, token := d.written(t, sqlstore.Options{})

	db := d.open(t)
	db.SetMaxOpenConns(1) // the session counts the statements of the store
	st, err := sqlstore.New(db, d.kind, sqlstore.Options{App: "shop"})
	require.NoError(t, err)
	statements := func() (n int) {
		var name string
		require.NoError(t, db.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE 'Questions'").Scan(&name, &n))
		return n
	}
	cost := func(f func()) int {
		before := statements()
		f()
		return statements() - before - 1 // for the question itself
	}
	get := func() {
		_, err := st.Get(t.Context(), token)
		require.ErrorIs(t, err, store.ErrUnchanged)
	}
	require.LessOrEqual(t, cost(get), 1)
	renew := func() {
		token, at, err := st.PutRow(t.Context(), "a", []byte("row"), time.Minute)
		require.NoError(t, err)
		require.Empty(t, token)
		require.WithinDuration(t, time.Now(), at, 5*time.Second)
	}
	register := func() { require.Equal(t, token, put(t, st, "a", time.Minute)) }
	require.Equal(t, 4, cost(register), "renew, insert, read the token, and prune once an hour")
	for range 3 {
		require.Equal(t, 1, cost(renew))
		require.Equal(t, 1, cost(get))
		token = swap(t, d.store(t, sqlstore.Options{}), token, "next"+string(token))
		require.Equal(t, 1, cost(renew), "a write of the document does not change what a renewal costs")
	}
}
