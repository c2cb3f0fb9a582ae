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

// The marker is a file beside the document that says that one was written. It is how a
// process that starts while the document is deleted learns that the site may be down. Who
// may read the document may read the marker: it gets the same owner, group and mode.

const maxMarker = 4096

func (s *Store) markerPath() string { return filepath.Join(s.dir, s.markerName()) }

// marker returns what the marker says, for people; "" if there is none. That it exists is
// what counts: after a crash of the machine it may be empty.
func (s *Store) marker() (string, error) {
	f, err := os.OpenFile(s.markerPath(), os.O_RDONLY|nonBlock|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", s.untold(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is %s, want a regular file", s.markerPath(), kindOf(info.Mode()))
	}
	var b []byte
	if err == nil {
		b, err = io.ReadAll(io.LimitReader(f, maxMarker))
	}
	if err != nil {
		return "", s.untold(err)
	}
	if b = bytes.Trim(b, "\x00 \n"); len(b) == 0 {
		return "only that there was a document", nil
	}
	return fmt.Sprintf("%.200q", b), nil
}

func (s *Store) untold(err error) error {
	return s.errorf("the file is missing, and its marker cannot tell whether there was one: %w", err)
}

// writeMarker notes that the document d was written, and is in its place.
func (w *writer) writeMarker(d *core.Document) error {
	document, err := w.dir.Lstat(w.store.base)
	if err != nil {
		return err
	}
	_, err = w.dir.Lstat(w.store.markerName())
	isNew := errors.Is(err, fs.ErrNotExist)
	if err != nil && !isNew {
		return err
	}
	text := fmt.Appendf(nil, "a document was written here, store_id %s, revision %d\n", d.StoreID, d.Revision)
	// That there was a document is durable from the first one on; its revision only informs.
	temp, err := w.writeTemp(tempFile{what: "marker", text: text, like: document, durable: isNew})
	if err != nil {
		return err
	}
	if err := w.rename("rename-marker", temp, w.store.markerName()); err != nil {
		w.remove(temp)
		return err
	}
	if !isNew {
		return nil
	}
	return w.syncDir("sync-marker-directory")
}
