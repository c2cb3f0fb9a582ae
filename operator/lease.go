package operator

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// followLease is the lease of a follower. If the process dies, another one takes over in time to tell
// within a minute that downtime is overdue.
const followLease = 40 * time.Second

// Lease is a row that says that this process lives. It is no instance. The row is renewed in the
// background, and its renewal does not change the document.
type Lease struct {
	// Key is the key of the row.
	Key string

	rows          store.Rows
	lasts         time.Duration
	seq           int64
	done, stopped chan struct{} // of the renewal

	mu     sync.Mutex
	begun  time.Time // when the last successful put began; zero before the first one
	lapsed bool      // the lease may have ended before it was renewed
}

// Lease writes the row. The caller releases it.
//
// Errors: [ErrNoRows]; a *[StoreError].
func (o Operator) Lease(ctx context.Context) (*Lease, error) { return o.lease(ctx, followLease) }

// lease writes a row, and renews it until the caller releases it.
func (o Operator) lease(ctx context.Context, lasts time.Duration) (*Lease, error) {
	rows, err := o.rows()
	if err != nil {
		return nil, err
	}
	l := &Lease{
		Key: strings.ToLower(rand.Text()[:16]), rows: rows, lasts: lasts,
		done: make(chan struct{}), stopped: make(chan struct{}),
	}
	if err := l.put(ctx); err != nil {
		return nil, storeError(err)
	}
	go l.renew(context.WithoutCancel(ctx))
	return l, nil
}

// Release deletes the row. It waits for at most 2 s. If that is not enough, the lease ends by itself.
func (l *Lease) Release() {
	close(l.done)
	<-l.stopped
	ctx, cancel := context.WithTimeout(context.Background(), rowsTimeout)
	defer cancel()
	_ = l.rows.DeleteRow(ctx, l.Key, []byte(period.NoteLeft)) // else its lease ends
}

func (l *Lease) put(ctx context.Context) error {
	l.seq++
	host, _ := os.Hostname()
	b, err := period.Row{
		ID: l.Key, Run: true, Host: host, PID: os.Getpid(), Seq: l.seq, Reads: period.Reads(), State: period.Closed,
	}.Encode()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, rowsTimeout)
	defer cancel()
	begun := time.Now()
	if _, _, err = l.rows.PutRow(ctx, l.Key, b, l.lasts); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lapsed = l.lapsed || !l.begun.IsZero() && time.Since(l.begun) >= l.lasts
	l.begun = begun
	return nil
}

// kept reports whether the lease was live without a gap since the first put. It uses the clock of
// this process, and counts from the begin of each put, so that it errs on the side of false.
func (l *Lease) kept() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.lapsed && time.Since(l.begun) < l.lasts
}

// renew renews the row until it is released.
func (l *Lease) renew(ctx context.Context) {
	defer close(l.stopped)
	tick := time.NewTicker(l.lasts / 4)
	defer tick.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-tick.C:
			_ = l.put(ctx) // else the lease ends, and another run may take over
		}
	}
}

// errLapsed means that a run could not renew its row in time.
var errLapsed = errors.New("the lease of this run ended while it waited, because the store did not take its reports; another run may take over")

// rowOf returns the row with this key, and what the store knows about it. The row is zero if it cannot
// be read. Both are zero if there is no such row.
func rowOf(rows []store.Row, key string) (period.Row, store.Life) {
	i := slices.IndexFunc(rows, func(r store.Row) bool { return r.Key == key })
	if i < 0 {
		return period.Row{}, 0
	}
	row, _ := period.DecodeRow(key, rows[i].Bytes)
	return row, rows[i].Life
}
