package main

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

func TestAnExportStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New()
		op := operator.Operator{Store: st, Actor: "ann"}
		gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		var mu sync.Mutex
		var rows []int
		exported := func() []int {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(rows)
		}
		jobs := &export{gate: gate, rows: 4, row: func(n int) {
			time.Sleep(10 * time.Second)
			mu.Lock()
			defer mu.Unlock()
			rows = append(rows, n)
		}}
		c := cron.New()
		_, err = c.AddFunc("@every 1m", jobs.run)
		require.NoError(t, err)
		c.Start()
		time.Sleep(75 * time.Second)
		require.Equal(t, []int{0}, exported())

		begun := time.Now()
		res, err := op.Start(t.Context(), operator.StartOptions{})
		require.NoError(t, err)
		j, err := op.Wait(t.Context(), res.Barrier(), operator.WaitOptions{Limit: time.Minute})
		require.NoError(t, err)
		require.Equal(t, operator.Safe, j.Result)
		require.Less(t, time.Since(begun), 10*time.Second, "a drain waits for one row, and not for all")
		require.Equal(t, []int{0, 1}, exported())
		time.Sleep(5 * time.Minute)
		require.Equal(t, []int{0, 1}, exported(), "no export begins while the site is down")

		_, err = op.End(t.Context(), operator.EndOptions{All: true})
		require.NoError(t, err)
		time.Sleep(100 * time.Second)
		require.Equal(t, []int{0, 1, 2, 3}, exported(), "it goes on where it stopped")
		time.Sleep(time.Minute)
		require.Equal(t, []int{0, 1, 2, 3, 0}, exported()[:5], "the next one begins anew")
		<-c.Stop().Done()
		require.NoError(t, gate.Shutdown(context.WithoutCancel(t.Context())))
	})
}
