package filestore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/store"
)

// A row has three files in the directory of the rows. KEY.lock is empty, and its process
// holds a lock on it; it is never renamed, so no listing of the directory misses it. KEY.json
// is the row itself, replaced by rename. KEY.gone is the tombstone. The file "since" says when
// the directory was created.
const (
	lockSuffix = ".lock"
	rowSuffix  = ".json"
	goneSuffix = ".gone"
	sinceName  = "since"
)

const (
	rowTempPrefix = ".row."
	maxRecord     = 2 * store.MaxRow // in base64, with stamps
)

// inRows is the rule for the files in that directory. The directory was already judged as a
// whole: only users who may write rows can write in it.
var inRows = trust.Rule{Lifted: true}

// record is the content of a row's file, of a tombstone and of the file "since".
type record struct {
	Seen  time.Time `json:"seen"` // when it was written
	Lease time.Time `json:"lease,omitzero"`
	Host  string    `json:"host,omitzero"` // where its process runs
	Boot  string    `json:"boot,omitzero"`
	Bytes []byte    `json:"bytes"` // the row, or the note
}

// readRecord reads a file that writeRecord wrote.
func readRecord(dir *os.Root, name string) (record, error) {
	f, err := openIn(inRows, dir, name, os.O_RDONLY)
	if err != nil {
		return record{}, err
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, maxRecord))
	if err != nil {
		return record{}, err
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return record{}, fmt.Errorf("%s is not as it was written: %w", f.Name(), err)
	}
	if r.Seen.IsZero() {
		return record{}, fmt.Errorf("%s is not as it was written: it has no time", f.Name())
	}
	if r.Bytes == nil {
		r.Bytes = []byte{}
	}
	return r, nil
}

func (s *Store) writeRecord(dir *os.Root, name string, r record) error {
	temp, err := s.writeRecordTemp(dir, r)
	if err != nil {
		return err
	}
	return s.rename(dir, "rename-row", temp, name)
}

// writeRecordTemp writes r under a temporary name. It is not durable: after a crash of the
// machine the processes of the rows are dead as well.
func (s *Store) writeRecordTemp(dir *os.Root, r record) (string, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	return s.writeTemp(dir, tempFile{
		what: "row", prefix: rowTempPrefix, text: append(text, '\n'),
		own: func(f *os.File) error {
			in, err := dir.Stat(".")
			if err != nil {
				return err
			}
			if in.Mode()&0o020 != 0 {
				trust.Give(f, trust.Owner{UID: -1, GID: trust.OwnerOf(in).GID}) // tells a writer which group its reader is in
			}
			return f.Chmod(readableMode)
		},
	})
}

// tombstone reads the tombstone of a key, and removes one that is older than
// [store.KeepRow]. One that cannot be read has no time, and counts from its last change.
func tombstone(dir *os.Root, key string, now time.Time) (grave record, deleted bool) {
	grave, err := readRecord(dir, key+goneSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return record{}, false
	}
	since := grave.Seen
	if err != nil {
		since = changed(dir, key+goneSuffix)
	}
	if now.Sub(since) > store.KeepRow {
		_ = removeIn(dir, key+goneSuffix)
		return record{}, false
	}
	return grave, true
}

// changed is when the last of the files was changed, by the file system's clock.
func changed(dir *os.Root, names ...string) time.Time {
	var last time.Time
	for _, name := range names {
		if info, err := dir.Lstat(name); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last
}
