package testservers_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
)

func TestPostgres(t *testing.T) {
	t.Parallel()
	s := testservers.Postgres(t)
	one, two := s.Database(t), s.Database(t)
	require.Empty(t, s.Exec(t, one, "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, 'y')"))
	require.Equal(t, "1|x\n2|y", s.Exec(t, one, "SELECT * FROM t ORDER BY a"))
	require.Equal(t, "f", s.Exec(t, two, "SELECT to_regclass('t') IS NOT NULL"), "another database")

	bouncer := testservers.PgBouncer(t, s)
	database := s.Exec(t, one, "SELECT current_database()")
	require.Equal(t, "2", s.Exec(t, bouncer.URL(database), "SELECT count(*) FROM t"))

	s.Kill(t)
	s.Start(t)
	require.Equal(t, "2", s.Exec(t, one, "SELECT count(*) FROM t"), "the same address, the same data")
	s.Freeze(t)
	s.Stop(t)
	s.Start(t)
	require.Equal(t, "2", s.Exec(t, one, "SELECT count(*) FROM t"))
}

func TestMariaDB(t *testing.T) {
	t.Parallel()
	s := testservers.MariaDB(t)
	one, two := s.Database(t), s.Database(t)
	require.Empty(t, s.Exec(t, one, "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, 'y')"))
	require.Equal(t, "1\tx\n2\ty", s.Exec(t, one, "SELECT * FROM t ORDER BY a"))
	require.Equal(t, "0", s.Exec(t, two, "SELECT count(*) FROM information_schema.tables WHERE table_schema = database()"))
	s.Freeze(t)
	s.Thaw(t)
	s.Kill(t)
	s.Start(t)
	require.Equal(t, "2", s.Exec(t, one, "SELECT count(*) FROM t"), "the same address, the same data")
}
