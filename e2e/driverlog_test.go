package e2e

import (
	"bytes"
	"database/sql"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/sqlstore"
)

func TestLinesOfMySQLsDriverGoToTheLogger(t *testing.T) {
	t.Parallel()
	my := testservers.MariaDB(t)
	cfg, err := mysql.ParseDSN("root@tcp(" + my.Addr + ")/" + my.Database(t))
	require.NoError(t, err)
	out := &guarded{}
	cfg.Logger = store.NewDriverLog(slog.New(slog.NewTextHandler(out, nil)))
	connector, err := mysql.NewConnector(cfg)
	require.NoError(t, err)
	db := sql.OpenDB(connector)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	st, err := sqlstore.New(db, sqlstore.MySQL, sqlstore.Options{App: "shop"})
	require.NoError(t, err)
	require.NoError(t, st.Prepare(t.Context()))
	my.Kill(t) // the pool holds a connection
	require.Eventually(t, func() bool {
		_, err := st.Get(t.Context(), "")
		return err != nil && out.String() != ""
	}, 30*time.Second, 5*time.Millisecond)
	require.Contains(t, out.String(), `level=WARN msg="downtime: store driver" line=`)
}

// guarded is a buffer for several goroutines.
type guarded struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (g *guarded) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.buf.Write(b)
}

func (g *guarded) String() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.buf.String()
}
