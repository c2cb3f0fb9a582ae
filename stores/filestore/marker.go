package filestore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-downtime/downtime/core"
)

// The lock file's content is a marker: a document was written beside it. It is how a
// process that starts while the document is deleted learns that the site may be down.

const maxMarker = 4096

// marker returns what the lock file says, for people; "" if it says nothing or does not
// exist. Whatever is in it counts, so that a marker that is being written counts too.
func (s *Store) marker() (string, error) {
	path := filepath.Join(s.dir, s.lockName())
	f, err := os.OpenFile(path, os.O_RDONLY|nonBlock|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", s.errorf("the file is missing, and its lock file cannot tell whether there was one: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is %s, want a regular file", path, kindOf(info.Mode()))
	}
	var b []byte
	if err == nil {
		b, err = io.ReadAll(io.NewSectionReader(f, markerOffset, maxMarker))
	}
	if err != nil {
		return "", s.errorf("the file is missing, and its lock file cannot tell whether there was one: %w", err)
	}
	if b = bytes.Trim(b, "\x00 \n"); len(b) == 0 {
		return "", nil
	}
	return fmt.Sprintf("%.200q", b), nil
}

// writeMarker notes that the document d was written. It is overwritten in place, because
// the lock is on this very file, and never empty in between.
func (w *writer) writeMarker(d *core.Document) error {
	if err := w.at("open-marker"); err != nil {
		return err
	}
	f, err := w.openLock(os.O_WRONLY)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // what matters was synced
	info, err := f.Stat()
	if err != nil {
		return err
	}
	text := fmt.Appendf(nil, "a document was written here, store_id %s, revision %d\n", d.StoreID, d.Revision)
	if err := w.at("write-marker"); err != nil {
		return err
	}
	if _, err := f.WriteAt(text, markerOffset); err != nil {
		return err
	}
	if err := w.at("truncate-marker"); err != nil {
		return err
	}
	if err := f.Truncate(markerOffset + int64(len(text))); err != nil {
		return err
	}
	if info.Size() > markerOffset {
		return nil // that there was a document is durable; its revision only informs
	}
	if err := w.at("sync-marker"); err != nil {
		return err
	}
	return f.Sync()
}
