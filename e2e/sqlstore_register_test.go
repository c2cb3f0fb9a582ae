package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/sqlstore"
)

// An instance registers while an operator writes. Either the operator, who lists the rows
// afterwards, finds the instance, or the instance finds the write. One statement that did
// both would read the document of before it began, and be visible only after it ended.
func TestAnInstanceThatRegistersDuringAWriteFindsIt(t *testing.T) {
	t.Parallel()
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		pg := testservers.Postgres(t)
		d := database{kind: sqlstore.PostgreSQL, driver: "pgx", dsn: pg.Database(t)}
		registersDuringAWrite(t, d, func() bool {
			return pg.Exec(t, d.dsn, "SELECT count(*) FROM pg_locks WHERE NOT granted") == "1"
		})
	})
	t.Run("MariaDB", func(t *testing.T) {
		t.Parallel()
		my := testservers.MariaDB(t)
		d := database{kind: sqlstore.MySQL, driver: "mysql", dsn: "root@tcp(" + my.Addr + ")/" + my.Database(t)}
		registersDuringAWrite(t, d, func() bool {
			return my.Exec(t, "", "SELECT COUNT(*) FROM information_schema.INNODB_TRX WHERE trx_state = 'LOCK WAIT'") == "1"
		})
	})
}

func registersDuringAWrite(t *testing.T, d database, waits func() bool) {
	t.Helper()
	st, first := d.written(t, sqlstore.Options{})

	// Another transaction delays the statement that inserts the row.
	tx, err := d.open(t).BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(t.Context(), "INSERT INTO downtime_rows (app, row_key, seen, lease) VALUES ('shop', 'new', 0, 0)")
	require.NoError(t, err)
	type answer struct {
		token store.Token
		err   error
	}
	registered := make(chan answer, 1)
	go func() {
		token, _, err := st.PutRow(t.Context(), "new", []byte("row"), time.Minute)
		registered <- answer{token, err}
	}()
	// InnoDB refreshes the list of transactions only if it was not read for 100 ms.
	require.Eventually(t, waits, 30*time.Second, 200*time.Millisecond, "PutRow does not wait")

	written := swap(t, d.store(t, sqlstore.Options{}), first, "next") // it does not wait for the row
	set, err := st.ListRows(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, set.Rows, "the operator does not see the new instance")

	require.NoError(t, tx.Rollback())
	got := <-registered
	require.NoError(t, got.err)
	require.Equal(t, written, got.token, "so the new instance must see the write")
}
