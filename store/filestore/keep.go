package filestore

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-downtime/downtime/store"
)

// maxCopies is how many copies one second can have.
const maxCopies = 100

// Keep copies the document to the path with ".bad-" and the time in UTC, for example
// downtime.json.bad-20261126T011500Z, and returns that path. The copy is durable and has the
// owner and permissions of the document. Keep never replaces a file.
func (s *Store) Keep(ctx context.Context, t store.Token) (place string, err error) {
	err = s.locked(ctx, func(w *writer) error {
		place, err = w.keep(t)
		return err
	})
	return place, err
}

func (w *writer) keep(t store.Token) (string, error) {
	s := w.store
	is, err := w.document()
	if err != nil {
		return "", err
	}
	if is.info == nil || is.token != t {
		return "", s.errorf("not copied: %w", store.ErrConflict)
	}
	temp, err := w.writeTemp("copy", is.bytes, is.info)
	if err != nil {
		return "", s.errorf("not copied: %w", refused(err))
	}
	name := s.base + ".bad-" + time.Now().UTC().Format("20060102T150405Z")
	place, err := name, w.claim(temp, name)
	for n := 2; n <= maxCopies && errors.Is(err, fs.ErrExist); n++ {
		place = name + "-" + strconv.Itoa(n)
		err = w.claim(temp, place)
	}
	if err != nil {
		w.remove(temp)
		return "", s.errorf("not copied to %s: %w", filepath.Join(s.dir, place), refused(err))
	}
	if err := w.sync("sync-copy-directory", "."); err != nil {
		return "", s.errorf("the copy %s may be gone after a crash of the machine: %w", filepath.Join(s.dir, place), err)
	}
	return filepath.Join(s.dir, place), nil
}

func (w *writer) claim(temp, name string) error {
	if err := w.at("claim-copy"); err != nil {
		return err
	}
	return claim(w.dir, temp, name)
}
