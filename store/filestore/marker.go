package filestore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// The marker is a file beside the document. Its existence says that a document was written. A process
// that starts while the document is deleted learns from it that the site can be down. The content
// names the newest document. A process learns from it that an older copy was put back. The marker
// gets the owner, group and mode of the document, because each user who can read the document must
// be able to read the marker.
//
// A writer makes the document durable, and then the marker. So the marker never names a document that
// was not there. If the writer dies between these steps, the marker names the document before the last
// one. Until the next write, the store then does not notice if that document takes the place of the
// last one.

const maxMarker = 4096

// note is the content of the marker.
type note struct {
	Written time.Time   `json:"written"`
	Token   store.Token `json:"token"` // of the last document that was written
	// StoreID to WriteID identify the newest document that was written here. They are zero if none
	// of the writes had such members.
	StoreID  string `json:"store_id,omitzero"`
	Revision int64  `json:"revision,omitzero"`
	WriteID  string `json:"write_id,omitzero"`
	// Behind means that the last document does not continue the newest one.
	Behind bool `json:"behind,omitzero"`
}

func (n note) newest() *period.Document {
	return &period.Document{StoreID: n.StoreID, Revision: n.Revision, WriteID: n.WriteID}
}

// isContinuedBy reports whether a document with these bytes continues the newest one. It is true if
// the note or the document does not tell.
func (n note) isContinuedBy(b []byte) bool {
	if n.StoreID == "" || n.Token == store.TokenOf(b) && !n.Behind {
		return true
	}
	doc, err := period.DecodeWithoutLog(b)
	return err != nil || doc.Supersedes(n.newest(), n.Behind)
}

// after returns the note for a write that replaces was by next. If was does not continue the newest
// document, the note names next only if an operator has reconciled the store. A gate decides alike.
func (n note) after(was, next []byte, now time.Time) note {
	if was != nil {
		n.Behind = !n.isContinuedBy(was)
	}
	if doc, err := period.DecodeWithoutLog(was); err == nil && doc.StoreID == "" {
		n = note{} // a file made by hand replaces every document
	}
	doc, err := period.DecodeWithoutLog(next)
	switch {
	case err != nil: // not in this format
	case n.StoreID == "" || doc.Supersedes(n.newest(), n.Behind):
		m := doc.Mark()
		n = note{StoreID: m.StoreID, Revision: m.Revision, WriteID: m.WriteID}
	default:
		n.Behind = true
	}
	n.Written, n.Token = now.UTC().Truncate(time.Second), store.TokenOf(next)
	return n
}

// String describes the last write to operators.
func (n note) String() string {
	text := "last write " + n.Written.Format(time.RFC3339)
	if n.StoreID != "" {
		text += fmt.Sprintf(", revision %d", n.Revision)
	}
	return text + ", token " + string(n.Token)
}

func (s *Store) markerName() string { return s.base + ".written" }
func (s *Store) markerPath() string { return filepath.Join(s.dir, s.markerName()) }

// markerLocked returns the note in the marker, and its text for operators, which is "" if there is no
// marker. The note is zero if the marker says only that there was a document.
func (s *Store) markerLocked() (n note, text string, err error) {
	if info, err := os.Lstat(s.markerPath()); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return n, "", s.untold(fmt.Errorf("%s is a symbolic link, want a regular file", s.markerPath()))
	}
	f, done, err := s.openSpareLocked(s.markerPath())
	if errors.Is(err, fs.ErrNotExist) {
		return n, "", nil
	}
	if err != nil {
		return n, "", s.untold(err)
	}
	defer done()
	if n, err = readNote(f); err != nil {
		return n, "", s.untold(err)
	}
	if n.Token == "" {
		return n, "only that there was a document", nil
	}
	return n, n.String(), nil
}

// readNote returns the zero note for any other text.
func readNote(f io.Reader) (n note, err error) {
	b, err := io.ReadAll(io.LimitReader(f, maxMarker))
	if err != nil {
		return n, err
	}
	if json.Unmarshal(bytes.Trim(b, "\x00 \n"), &n) != nil {
		return note{}, nil //nolint:nilerr // a marker without a note is valid
	}
	return n, nil
}

func (s *Store) untold(err error) error {
	return s.errorf("the file is missing, and its marker cannot tell whether there was one: %w", err)
}

// newest identifies the newest document that was written here, if the document in blob does not
// continue it. It is zero if it does, and if the marker does not tell.
func (s *Store) newest(ctx context.Context, blob store.Blob) period.Mark {
	if blob.Token == "" {
		return period.Mark{} // a lost document is an error of its own
	}
	if blob.Bytes == nil { // the caller has them
		var err error
		if blob, err = s.Get(ctx, ""); err != nil {
			return period.Mark{} // another document by now, which the caller notices
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n, _, err := s.markerLocked()
	if err != nil || n.isContinuedBy(blob.Bytes) {
		return period.Mark{}
	}
	return n.newest().Mark()
}

// note reads the marker that is to be replaced. It is zero if there is none, and if readers do not
// believe it.
func (w *writer) note() (n note, err error) {
	if info, err := w.dir.Lstat(w.store.markerName()); err != nil || !info.Mode().IsRegular() {
		return n, nil // the new one takes its place
	}
	f, err := openIn(w.store.rule(), w.dir, w.store.markerName(), os.O_RDONLY)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || isUntrusted(err) {
			err = nil
		}
		return n, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return readNote(f)
}

// writeMarker notes durably that next is in the place of was.
func (w *writer) writeMarker(was, next []byte) error {
	document, err := w.dir.Lstat(w.store.base)
	if err != nil {
		return err
	}
	n, err := w.note()
	if err != nil {
		return err
	}
	text, err := json.Marshal(n.after(was, next, time.Now()))
	if err != nil {
		return err
	}
	temp, err := w.writeTemp("marker", append(text, '\n'), document)
	if err != nil {
		return err
	}
	if err := w.store.rename(w.dir, "rename-marker", temp, w.store.markerName()); err != nil {
		return err
	}
	return w.sync("sync-marker-directory", ".")
}
