package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/sqlstore"
)

// grants are those of a gate, and those that an operator needs beside them.
type grants struct{ gate, operator []string }

// documentedGrants are the statements in the package's documentation. Here one role is both
// gate and operator.
func documentedGrants(t *testing.T) (postgres, mysql grants) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "store", "sqlstore", "doc.go"))
	require.NoError(t, err)
	for _, found := range regexp.MustCompile(`(?m)^//\t(GRANT .*);$`).FindAllStringSubmatch(string(text), -1) {
		of := &postgres
		if strings.Contains(found[1], "'") {
			of = &mysql
		}
		if before, _, operator := strings.Cut(found[1], "operator"); operator {
			of.operator = append(of.operator, strings.Replace(found[1], before+"operator", before+"gate", 1))
		} else {
			of.gate = append(of.gate, found[1])
		}
	}
	for _, of := range []grants{postgres, mysql} {
		require.NotEmpty(t, of.gate)
		require.NotEmpty(t, of.operator)
	}
	return postgres, mysql
}

func TestTheDocumentedGrantsAreEnoughAndNeeded(t *testing.T) {
	t.Parallel()
	postgresGrants, mysqlGrants := documentedGrants(t)

	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		s := testservers.Postgres(t)
		dsn := s.Database(t)
		owner := database{kind: sqlstore.PostgreSQL, driver: "pgx", dsn: dsn}
		limited := owner
		limited.dsn = s.URL("gate", databaseOf(t, dsn))
		s.Exec(t, dsn, "CREATE ROLE gate LOGIN")
		grant := func(grants ...string) { s.Exec(t, dsn, strings.Join(grants, ";")) }
		restricted(t, owner, limited, grant, postgresGrants)
		owner.dsn += "&default_transaction_read_only=on" // as a replica does
		readOnly(t, owner)
	})

	t.Run("MariaDB", func(t *testing.T) {
		t.Parallel()
		s := testservers.MariaDB(t)
		s.Exec(t, "", "CREATE DATABASE shop; CREATE USER 'gate'@'%'; CREATE USER 'full'@'%'; GRANT ALL ON *.* TO 'full'@'%'; REVOKE READ ONLY ADMIN, SUPER ON *.* FROM 'full'@'%'")
		owner := database{kind: sqlstore.MySQL, driver: "mysql", dsn: "root@tcp(" + s.Addr + ")/shop"}
		limited := owner
		limited.dsn = "gate@tcp(" + s.Addr + ")/shop"
		grant := func(grants ...string) { s.Exec(t, "shop", strings.Join(grants, ";")) }
		restricted(t, owner, limited, grant, mysqlGrants)
		s.Exec(t, "", "SET GLOBAL read_only = 1")
		owner.dsn = "full@tcp(" + s.Addr + ")/shop"
		readOnly(t, owner)
	})

	t.Run("SQLite, read-only", func(t *testing.T) {
		t.Parallel()
		d := database{kind: sqlstore.SQLite, driver: "sqlite", dsn: sqliteFile(t)}
		d.written(t, sqlstore.Options{})
		d.dsn += "?mode=ro"
		readOnly(t, d)
	})
}

// restricted leaves a store with a document behind.
func restricted(t *testing.T, owner, limited database, grant func(...string), needed grants) {
	t.Helper()
	_, first := owner.written(t, sqlstore.Options{})

	gate := limited.store(t, sqlstore.Options{})
	_, err := gate.Get(t.Context(), "")
	require.Error(t, err, "no grants at all")
	require.NotErrorIs(t, err, store.ErrLost)
	last := len(needed.gate) - 1
	for _, g := range needed.gate[:last] {
		grant(g)
	}
	_, err = gate.Get(t.Context(), "")
	require.NoError(t, err, "reading works without the last grant")
	_, _, err = gate.PutRow(t.Context(), "a", []byte("row"), time.Minute)
	require.ErrorIs(t, err, store.ErrReadOnly)
	require.ErrorIs(t, gate.DeleteRow(t.Context(), "a", nil), store.ErrReadOnly)

	grant(needed.gate[last])
	put(t, gate, "a", -2*store.KeepRow)
	set, err := gate.ListRows(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, set.Rows, "the gate may prune")
	for range 2 {
		put(t, gate, "b", time.Minute)
	}
	require.NoError(t, gate.DeleteRow(t.Context(), "b", nil))
	require.NoError(t, gate.Prepare(t.Context()), "all tables are there")

	for _, g := range needed.operator {
		require.ErrorIs(t, gate.Swap(t.Context(), first, []byte("next")), store.ErrReadOnly, "without %s", g)
		_, err = gate.Get(t.Context(), first)
		require.ErrorIs(t, err, store.ErrUnchanged)
		grant(g)
	}
	swap(t, gate, first, "next")
	owner.exec(t, "DELETE FROM downtime_state")
	swap(t, gate, "", "first")
}

// readOnly checks a store that has a document, through a connection that cannot write.
func readOnly(t *testing.T, d database) {
	t.Helper()
	st := d.store(t, sqlstore.Options{})
	blob, err := st.Get(t.Context(), "")
	require.NoError(t, err)
	_, _, err = st.PutRow(t.Context(), "a", []byte("row"), time.Minute)
	require.ErrorIs(t, err, store.ErrReadOnly)
	require.ErrorIs(t, st.DeleteRow(t.Context(), "a", nil), store.ErrReadOnly)
	require.ErrorIs(t, st.Swap(t.Context(), blob.Token, []byte("next")), store.ErrReadOnly)
	_, err = st.ListRows(t.Context(), "")
	require.NoError(t, err)
	require.NoError(t, st.Prepare(t.Context()), "all tables are there")
}

func TestASchemaOfItsOwn(t *testing.T) {
	t.Parallel()
	pg := testservers.Postgres(t)
	d := database{kind: sqlstore.PostgreSQL, driver: "pgx", dsn: pg.Database(t)}
	st := d.store(t, sqlstore.Options{Schema: "Ops", Prefix: "d_"})
	_, err := st.Get(t.Context(), "")
	require.ErrorIs(t, err, store.ErrLost)
	require.NoError(t, st.Prepare(t.Context()))
	swap(t, st, "", "first")
	put(t, st, "a", time.Minute)
	require.Equal(t, "d_rows\nd_schema_version\nd_state", pg.Exec(t, d.dsn, "SELECT tablename FROM pg_tables WHERE schemaname = 'Ops' ORDER BY 1"))
}
