package core_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// away is a store whose rows cannot be deleted for a while.
type away struct {
	*memstore.Store

	until time.Time
	tries atomic.Int64
}

func (a *away) DeleteRow(ctx context.Context, key string, note []byte) error {
	a.tries.Add(1)
	if time.Now().Before(a.until) {
		return errOutage
	}
	return a.Store.DeleteRow(ctx, key, note)
}

func TestShutdownTriesAgainToDeleteTheRow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		outage, patience time.Duration
		life             store.Life
	}{
		"after a short outage":            {2 * time.Second, time.Minute, store.Deleted},
		"and gives up after 5 s":          {time.Hour, time.Minute, store.Live},
		"and gives up when ctx has ended": {time.Hour, time.Second, store.Live},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := &away{Store: memstore.New()}
				gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
				require.NoError(t, err)
				st.until = time.Now().Add(c.outage)
				ctx, cancel := context.WithTimeout(t.Context(), c.patience)
				defer cancel()
				before := time.Now()
				require.NoError(t, gate.Shutdown(ctx))
				require.LessOrEqual(t, time.Since(before), min(5*time.Second, c.patience))
				require.Less(t, st.tries.Load(), int64(10))
				set, _ := st.ListRows(t.Context(), "")
				require.Equal(t, c.life, set.Rows[0].Life)
			})
		})
	}
}
