package filestore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-downtime/downtime/store"
)

// The marker is a file beside the document that says that one was written. From it a process
// that starts while the document is deleted learns that the site can be down. It gets the
// owner, group and mode of the document, because all who can read the document must be able to
// read the marker. Its existence is what counts; its text is for operators.

const maxMarker = 4096

func (s *Store) markerName() string { return s.base + ".written" }
func (s *Store) markerPath() string { return filepath.Join(s.dir, s.markerName()) }

// marker returns what the marker says, for operators, and "" if there is no marker. After a
// crash of the machine it can be empty.
func (s *Store) marker() (string, error) {
	if info, err := os.Lstat(s.markerPath()); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return "", s.untold(fmt.Errorf("%s is a symbolic link, want a regular file", s.markerPath()))
	}
	f, done, err := s.openSpare(s.markerPath())
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", s.untold(err)
	}
	defer done()
	b, err := io.ReadAll(io.LimitReader(f, maxMarker))
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

// writeMarker notes that the document with this token is in its place. A marker is durable
// from the first one on, because its later texts only inform. With durable it is written
// durably in any case.
func (w *writer) writeMarker(t store.Token, durable bool) error {
	document, err := w.dir.Lstat(w.store.base)
	if err != nil {
		return err
	}
	_, err = w.dir.Lstat(w.store.markerName())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	durable = durable || err != nil
	text := fmt.Appendf(nil, "last write %s, token %s\n", time.Now().UTC().Format(time.RFC3339), t)
	temp, err := w.writeTemp("marker", text, document, durable)
	if err != nil {
		return err
	}
	if err := w.rename("rename-marker", temp, w.store.markerName()); err != nil {
		w.remove(temp)
		return err
	}
	if !durable {
		return nil
	}
	return w.sync("sync-marker-directory", ".")
}
