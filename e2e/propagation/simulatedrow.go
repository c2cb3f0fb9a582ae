package main

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// The times of a gate's row.
const (
	newsDelay  = 10 * time.Millisecond
	newsSpread = 40 * time.Millisecond
	renewEvery = 15 * time.Second
	rowLease   = time.Minute
)

// simulatedRow is the row of a simulated instance, which no request reaches: it has drained what it
// refuses. The zero pointer keeps no row.
type simulatedRow struct {
	rows  store.Rows
	row   period.Row
	timer *time.Timer
}

func newSimulatedRow(rows store.Rows) *simulatedRow {
	host, _ := os.Hostname()
	return &simulatedRow{
		rows: rows, timer: time.NewTimer(renewEvery),
		row: period.Row{ID: strings.ToLower(rand.Text()), Host: host, PID: os.Getpid(), Started: time.Now(), Reads: period.Reads(), Policy: "keep"},
	}
}

// due tells that the row is to be written. It is nil without a row.
func (r *simulatedRow) due() <-chan time.Time {
	if r == nil {
		return nil
	}
	return r.timer.C
}

// news lets the row be written after this time.
func (r *simulatedRow) news(after time.Duration) {
	if r != nil {
		r.timer.Reset(after)
	}
}

func (r *simulatedRow) put(ctx context.Context, c content) error {
	r.timer.Reset(renewEvery)
	r.row.Seq++
	r.row.StoreID, r.row.Revision, r.row.WriteID = c.mark.StoreID, c.mark.Revision, c.mark.WriteID
	r.row.State, r.row.Cause, r.row.Drained = period.Open, "", nil
	if c.down {
		r.row.State, r.row.Cause, r.row.Drained = period.Closed, "period", c.ids
	}
	b, err := r.row.Encode()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	_, _, err = r.rows.PutRow(ctx, r.row.ID, b, rowLease)
	return err
}
