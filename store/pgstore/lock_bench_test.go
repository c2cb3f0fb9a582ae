package pgstore_test

import (
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
)

// BenchmarkWriter measures what the lock adds to a transaction with one statement, over loopback.
// The forms take turns, so that they meet the same load. The metrics are medians, divided by that
// of the same transaction without the lock: begin is [pgstore.Lock.Begin], batch is the lock in one
// message with the statement, and alone is a round trip of its own.
func BenchmarkWriter(b *testing.B) {
	pg := testservers.Postgres(b, "-c", "synchronous_commit=off")
	url := pg.Database(b)
	pg.Exec(b, url, "CREATE TABLE orders (id int PRIMARY KEY, n int); INSERT INTO orders VALUES (1, 0)")
	for name, statement := range map[string]string{"a read": "SELECT n FROM orders WHERE id = 1", "an update": "UPDATE orders SET n = n + 1 WHERE id = 1"} {
		b.Run(name, func(b *testing.B) {
			ctx := b.Context()
			conn, err := pgx.Connect(ctx, url)
			require.NoError(b, err)
			defer func() { _ = conn.Close(ctx) }()
			forms := []struct {
				name    string
				options pgx.TxOptions
				first   []string // in one message with the statement
				alone   string
			}{{name: "plain"}, {name: "begin", options: writes.Begin()}, {name: "batch", first: []string{writes.Shared()}}, {name: "alone", alone: writes.Shared()}}
			took := make([][]time.Duration, len(forms))
			for n := 0; b.Loop(); n++ {
				for i := range forms {
					i = (i + n) % len(forms)
					form := forms[i]
					begun := time.Now()
					err := pgx.BeginTxFunc(ctx, conn, form.options, func(tx pgx.Tx) error {
						if form.alone != "" {
							if _, err := tx.Exec(ctx, form.alone); err != nil {
								return err
							}
						}
						var batch pgx.Batch
						for _, s := range append(form.first, statement) {
							batch.Queue(s)
						}
						return tx.SendBatch(ctx, &batch).Close()
					})
					took[i] = append(took[i], time.Since(begun))
					require.NoError(b, err)
				}
			}
			median := func(d []time.Duration) float64 { slices.Sort(d); return float64(d[len(d)/2]) }
			plain := median(took[0])
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(plain/1e3, "plain-µs")
			for i, form := range forms[1:] {
				b.ReportMetric(median(took[i+1])/plain, form.name+"-ratio")
			}
		})
	}
}
