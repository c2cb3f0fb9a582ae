package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/store"
)

// envLock is the URL of the lock if --pg-lock-url does not name it.
const envLock = "DOWNTIME_PG_LOCK_URL"

// WithLocker lets "run --pg-lock" take locks in databases whose URL begins with "scheme:".
func WithLocker(scheme string, open Locker) Option {
	return func(a *app) { a.lockers[scheme] = open }
}

// lockFlags are the flags of run about a lock.
type lockFlags struct {
	wanted    bool
	url, name string
}

func (l *lockFlags) check() error {
	if !l.wanted && (l.url != "" || l.name != "") {
		return usagef("--pg-lock-url and --pg-lock-name: give --pg-lock as well")
	}
	return nil
}

// openLock opens the lock that the flags name; nil if they name none.
func (a *app) openLock(ctx context.Context, flags lockFlags) (Lock, error) {
	if !flags.wanted {
		return nil, nil //nolint:nilnil // no lock is wanted
	}
	location, from := flags.url, "--pg-lock-url"
	if location == "" {
		location, from = os.Getenv(envLock), envLock
	}
	if location == "" && a.store == nil {
		location, from = a.storeURL()
	}
	scheme, _, _ := strings.Cut(location, ":")
	open := a.lockers[scheme]
	switch {
	case len(a.lockers) == 0:
		return nil, usagef("--pg-lock: this command was built without the driver of PostgreSQL")
	case open == nil && (from == "--store" || from == envStore || location == ""):
		return nil, usagef("--pg-lock: the store is not in PostgreSQL: name the database of the writers by --pg-lock-url, or set %s", envLock)
	case open == nil:
		return nil, usagef("%s: it is not the URL of a database: want %s", from, strings.Join(slices.Sorted(maps.Keys(a.lockers)), ": or ")+":")
	case strings.HasPrefix(from, "--") && hasPassword(location):
		return nil, usagef("%s: it holds a password, which every user of this machine can read in the list of processes: set %s to the URL instead", from, envLock)
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout.duration())
	defer cancel()
	lock, err := open(ctx, location, flags.name)
	switch fault, _ := errors.AsType[*store.FieldError](err); {
	case fault != nil:
		return nil, usagef("%s: %s", from, fault.Problem)
	case err != nil && ctx.Err() != nil:
		return nil, fmt.Errorf("--pg-lock: %w (--timeout %s)", err, a.timeout.String())
	case err != nil:
		return nil, fmt.Errorf("--pg-lock: %w", err)
	}
	return lock, nil
}

// acquire takes the lock, and shows who holds it.
func (r *runner) acquire(ctx context.Context, s session, p *progress) error {
	p.clear()
	told, begun := "", time.Now()
	err := r.lock.Acquire(ctx, func(holders map[string]time.Duration) {
		who := slices.Sorted(maps.Keys(holders))
		if news := strings.Join(who, "\n"); p.redraw || news != told {
			told = news
			lines := []string{fmt.Sprintf(label, "waiting", "for "+safe(r.lock.String())+", for "+span(time.Since(begun)))}
			for _, name := range who {
				lasts := ""
				if held := holders[name]; held >= time.Second {
					lasts = ", for " + span(held)
				}
				lines = append(lines, fmt.Sprintf(label, "", "held by "+safe(name)+lasts))
			}
			p.draw(lines)
		}
	})
	p.clear()
	if err != nil {
		r.result.Lock, r.notTaken = lockNotTaken, err
		return err
	}
	r.result.Lock = lockHeld
	fmt.Fprintf(s.out, label, "locked", safe(r.lock.String()))
	return nil
}

// release gives the lock back.
func (r *runner) release() error {
	if r.lock == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.cmd.Context()), r.app.timeout.duration())
	defer cancel()
	return r.lock.Release(ctx)
}

// locked calls do while the lock is held. It says at once if the lock is lost. do then goes on,
// because its effects cannot be undone.
func (r *runner) locked(s session, do func() error) error {
	if r.lock == nil {
		return do()
	}
	ended, told := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(told)
		select {
		case <-r.lock.Lost():
			fmt.Fprintf(s.out, label, "lock", s.down(safe(r.lock.Err().Error())+": "+safe(r.args[0])+" goes on, and writers can write"))
		case <-ended:
		}
	}()
	err := do()
	close(ended)
	<-told
	if r.lostLock = r.release(); r.lostLock != nil {
		r.result.Lock = lockLost
	}
	if err == nil {
		err = r.lostLock
	}
	return err
}

// The words of --result about a lock.
const (
	lockNotTaken = "not-taken"
	lockHeld     = "held"
	lockLost     = "lost"
)
