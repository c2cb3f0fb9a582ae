package cutover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store/pgstore"
)

// Environment of a process of the shop.
const (
	databaseVar = "CUTOVER_TEST_DATABASE" // its URL; it makes this test binary an instance of the shop
	newVar      = "CUTOVER_TEST_NEW"      // not empty: the adapter's New makes the gate, and no code shuts it down
)

// The names of the shop, of its gates and of the migration in the database's log.
const (
	shopName      = "shop"
	gateName      = "gate"
	migrationName = "migration"
)

// slowLine is what an instance prints when a slow order is under way.
const slowLine = "slow"

// serverTimeout is the ReadTimeout and the WriteTimeout of the shop. It is shorter than the hold.
const serverTimeout = 2 * time.Second

// schema is that of the shop before the first migration. tx is the transaction that wrote an order.
const schema = `CREATE TABLE orders (key text NOT NULL, item text NOT NULL, tx xid8 NOT NULL DEFAULT pg_current_xact_id());
CREATE INDEX ON orders (key)`

// shop is the application: orders in a table.
type shop struct {
	pool *pgxpool.Pool
	held atomic.Int64
}

// serveShop is an instance of the shop. It prints its address, and stops gracefully on SIGTERM, or
// when stdin ends.
func serveShop(ctx context.Context, url string) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	pool, err := pgxpool.New(ctx, url+"&pool_max_conns=8&application_name="+shopName)
	if err != nil {
		return err
	}
	defer pool.Close()
	st, err := pgstore.Open(url+"&application_name="+gateName, pgstore.Options{App: shopName})
	if err != nil {
		return err
	}
	defer func() { _ = st.Close() }()
	s := &shop{pool: pool}
	cfg := core.Config{Store: st, ExemptExact: []string{"/held"}, Logger: slog.New(slog.DiscardHandler), OnDecision: s.decided}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	server := &http.Server{Handler: engine, ReadTimeout: serverTimeout, WriteTimeout: serverTimeout, IdleTimeout: time.Minute}
	shutdown := func(context.Context) error { return nil }
	if os.Getenv(newVar) != "" {
		engine.Use(gindowntime.New(cfg))
	} else {
		gate, err := core.New(cfg)
		if err != nil {
			return err
		}
		engine.Use(gindowntime.Middleware(gate))
		server.RegisterOnShutdown(gate.CloseStreams)
		shutdown = gate.Shutdown
	}
	s.routes(engine)
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = server.Serve(l) }()
	fmt.Println(l.Addr())
	<-ctx.Done()
	return errors.Join(server.Shutdown(context.WithoutCancel(ctx)), shutdown(context.WithoutCancel(ctx)))
}

func (s *shop) routes(engine *gin.Engine) {
	engine.POST("/orders/:key", func(c *gin.Context) {
		item, err := io.ReadAll(c.Request.Body)
		if err == nil {
			err = s.order(c.Request.Context(), c.Param("key"), string(item), c.Query("slow") != "")
		}
		if err != nil {
			c.String(http.StatusInternalServerError, "%v", err)
			return
		}
		c.Status(http.StatusCreated)
	})
	engine.GET("/orders/:key", func(c *gin.Context) {
		var item string
		err := s.pool.QueryRow(c.Request.Context(), "SELECT item FROM orders WHERE key = $1", c.Param("key")).Scan(&item)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			c.Status(http.StatusNotFound)
		case err != nil:
			c.String(http.StatusInternalServerError, "%v", err)
		default:
			c.String(http.StatusOK, "%s", item)
		}
	})
	engine.GET("/held", func(c *gin.Context) { c.String(http.StatusOK, "%d", s.held.Load()) })
}

// order writes an order in a transaction. A slow one writes it after a second.
func (s *shop) order(ctx context.Context, key, item string, slow bool) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if slow {
			fmt.Println(slowLine)
			if _, err := tx.Exec(ctx, "SELECT pg_sleep(1)"); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "INSERT INTO orders (key, item) VALUES ($1, $2)", key, item)
		return err
	})
}

func (s *shop) decided(_ context.Context, _ *http.Request, d core.Decision) {
	if d.Outcome == core.Held {
		s.held.Add(1)
	}
}
