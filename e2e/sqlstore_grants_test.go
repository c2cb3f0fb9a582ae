package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/sqlstore"
	"github.com/go-downtime/downtime/stores/storetest/servers"
)

// grants are those of a gate, and what whoever writes needs beside them.
type grants struct{ gate, operator []string }

// documentedGrants are the statements of the package's documentation; the operator is the
// same role here as the gate.
func documentedGrants(t *testing.T) (postgres, mysql grants) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "stores", "sqlstore", "doc.go"))
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
		require.Len(t, of.operator, 2)
	}
	return postgres, mysql
}

func TestTheDocumentedGrantsAreEnoughAndNeeded(t *testing.T) {
	t.Parallel()
	postgresGrants, mysqlGrants := documentedGrants(t)

	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		s := servers.Postgres(t)
		dsn := s.Database(t)
		owner := database{kind: sqlstore.PostgreSQL, driver: "pgx", dsn: dsn}
		limited := owner
		limited.dsn = s.URL("gate", databaseOf(t, dsn))
		s.Exec(t, dsn, "CREATE ROLE gate LOGIN")
		grant := func(grants ...string) { s.Exec(t, dsn, strings.Join(grants, ";")) }
		restricted(t, owner, limited, grant, postgresGrants)
		owner.dsn += "&default_transaction_read_only=on" // what a replica says, too
		readOnly(t, owner)
	})

	t.Run("MariaDB", func(t *testing.T) {
		t.Parallel()
		s := servers.MariaDB(t)
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
		st := d.store(t, sqlstore.Options{})
		require.NoError(t, st.Migrate(t.Context()))
		_, err := core.Init(t.Context(), st, core.InitOptions{})
		require.NoError(t, err)
		d.dsn += "?mode=ro"
		readOnly(t, d)
	})
}

// restricted leaves a store with a document behind.
func restricted(t *testing.T, owner, limited database, grant func(...string), needed grants) {
	t.Helper()
	st := owner.store(t, sqlstore.Options{})
	require.NoError(t, st.Migrate(t.Context()))
	_, err := core.Init(t.Context(), st, core.InitOptions{})
	require.NoError(t, err)

	gate := limited.store(t, sqlstore.Options{})
	_, err = gate.Load(t.Context(), core.Mark{})
	require.Error(t, err, "no grants at all")
	require.NotErrorIs(t, err, core.ErrLost)
	last := len(needed.gate) - 1
	for _, g := range needed.gate[:last] {
		grant(g)
	}
	_, err = gate.Load(t.Context(), core.Mark{})
	require.NoError(t, err, "reading works without the last grant")
	_, _, err = gate.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
	require.ErrorIs(t, err, core.ErrReadOnly)
	require.ErrorIs(t, gate.Leave(t.Context(), "a"), core.ErrReadOnly)

	grant(needed.gate[last])
	for range 2 {
		_, _, err = gate.Report(t.Context(), core.Instance{ID: "a"}, -2*core.PruneAfter)
		require.NoError(t, err)
	}
	_, rows, err := gate.Instances(t.Context())
	require.NoError(t, err)
	require.Empty(t, rows)
	require.NoError(t, gate.Leave(t.Context(), "a"))
	require.NoError(t, gate.Migrate(t.Context()), "nothing to do, and nothing is done")
	_, err = core.Start(t.Context(), gate, core.StartOptions{Holder: "ann"})
	require.ErrorIs(t, err, core.ErrReadOnly)

	for _, g := range needed.operator {
		before, err := gate.Load(t.Context(), core.Mark{})
		require.NoError(t, err)
		_, err = core.Start(t.Context(), gate, core.StartOptions{Holder: "ann"})
		require.ErrorIs(t, err, core.ErrReadOnly, "without %s", g)
		_, err = gate.Entries(t.Context(), 0)
		require.Error(t, err)
		require.NotErrorIs(t, err, core.ErrLost)
		after, err := gate.Load(t.Context(), core.Mark{})
		require.NoError(t, err)
		require.Equal(t, before.Mark, after.Mark, "neither the document nor the log is written")
		grant(g)
	}
	_, err = core.Start(t.Context(), gate, core.StartOptions{Holder: "ann"})
	require.NoError(t, err)
	entries, err := gate.Entries(t.Context(), 0)
	require.NoError(t, err)
	require.Len(t, entries, 2)
}

// readOnly looks at a store that has a document, through a connection that cannot write.
func readOnly(t *testing.T, d database) {
	t.Helper()
	st := d.store(t, sqlstore.Options{})
	_, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	_, _, err = st.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
	require.ErrorIs(t, err, core.ErrReadOnly)
	_, err = core.Start(t.Context(), st, core.StartOptions{Holder: "x"})
	require.ErrorIs(t, err, core.ErrReadOnly)
	_, _, err = st.Instances(t.Context())
	require.NoError(t, err)
	require.NoError(t, st.Migrate(t.Context()), "nothing to do, and nothing is done")
}

func TestASchemaOfItsOwn(t *testing.T) {
	t.Parallel()
	pg := servers.Postgres(t)
	d := database{kind: sqlstore.PostgreSQL, driver: "pgx", dsn: pg.Database(t)}
	st := d.store(t, sqlstore.Options{Schema: "Ops", Prefix: "d_"})
	_, err := st.Load(t.Context(), core.Mark{})
	require.ErrorIs(t, err, core.ErrLost)
	require.NoError(t, st.Migrate(t.Context()))
	_, err = core.Init(t.Context(), st, core.InitOptions{})
	require.NoError(t, err)
	require.Equal(t, "d_instances\nd_log\nd_schema_version\nd_state", pg.Exec(t, d.dsn, "SELECT tablename FROM pg_tables WHERE schemaname = 'Ops' ORDER BY 1"))
}
