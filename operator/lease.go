package operator

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
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

	release func()
}

// Lease writes the row. The caller releases it.
//
// Errors: [ErrNoRows]; a *[StoreError].
func (o Operator) Lease(ctx context.Context) (*Lease, error) {
	rows, err := o.rows()
	if err != nil {
		return nil, err
	}
	row := &leaseRow{rows: rows, key: strings.ToLower(rand.Text()[:16]), lease: followLease}
	if err := row.put(ctx); err != nil {
		return nil, storeError(err)
	}
	return &Lease{Key: row.key, release: row.hold()}, nil
}

// Release deletes the row. It waits for at most 2 s. If that is not enough, the lease ends by itself.
func (l *Lease) Release() { l.release() }

// leaseRow is a row that a run or a follower renews while it lives.
type leaseRow struct {
	rows  store.Rows
	key   string
	lease time.Duration
	seq   int64

	mu     sync.Mutex
	begun  time.Time // when the last successful put began; zero before the first one
	lapsed bool      // the lease may have ended before it was renewed
}

func (r *leaseRow) put(ctx context.Context) error {
	r.seq++
	host, _ := os.Hostname()
	b, err := period.Row{
		ID: r.key, Run: true, Host: host, PID: os.Getpid(), Seq: r.seq, Reads: period.Reads(), State: period.Closed,
	}.Encode()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, rowsTimeout)
	defer cancel()
	begun := time.Now()
	if _, _, err = r.rows.PutRow(ctx, r.key, b, r.lease); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lapsed = r.lapsed || !r.begun.IsZero() && time.Since(r.begun) >= r.lease
	r.begun = begun
	return nil
}

// kept reports whether the lease was live without a gap since the first put. It uses the clock of
// this process, and counts from the begin of each put, so that it errs on the side of false.
func (r *leaseRow) kept() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.lapsed && time.Since(r.begun) < r.lease
}

// hold renews the row until the caller calls release, which deletes it.
func (r *leaseRow) hold() (release func()) {
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		renew := time.NewTicker(r.lease / 4)
		defer renew.Stop()
		for {
			select {
			case <-done:
				return
			case <-renew.C:
				_ = r.put(context.Background()) // else the lease ends, and another run may take over
			}
		}
	}()
	return func() {
		close(done)
		<-stopped
		ctx, cancel := context.WithTimeout(context.Background(), rowsTimeout)
		defer cancel()
		_ = r.rows.DeleteRow(ctx, r.key, []byte(period.NoteLeft)) // else its lease ends
	}
}

// errLapsed means that a run could not renew its row in time.
var errLapsed = errors.New("the lease of this run ended while it waited, because the store did not take its reports; another run may take over")

// lifeOf is what the store knows about the row with this key; zero if there is no such row.
func lifeOf(rows []store.Row, key string) store.Life {
	if i := slices.IndexFunc(rows, func(r store.Row) bool { return r.Key == key }); i >= 0 {
		return rows[i].Life
	}
	return 0
}

// ownerOf names the process of a row: "process 4711 on web1". It is the same for each renewal.
func ownerOf(rows []store.Row, key string) string {
	for _, r := range rows {
		if row, err := period.DecodeRow(r.Key, r.Bytes); r.Key == key && err == nil {
			return fmt.Sprintf("process %d on %s", row.PID, cmp.Or(row.Host, "an unknown host"))
		}
	}
	return "the process with the row " + key
}
