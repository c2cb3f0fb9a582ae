package filestore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/go-downtime/downtime/core"
)

// The log is a file beside the document, one line for each write, the oldest first. Its last
// line has no newline until the document is in its place: whoever finds one without, after
// a crash, asks the document whether that write took place.

const (
	// So large a log is looked at with each write, and made shorter if it holds too many
	// lines. It is more than most logs reach.
	lookAtLog = 512 << 10
	// So many lines more than core.MaxEntries are left, that not every write copies the log.
	slackLines = 100
	// entryBegins is how a line begins: what does not begin so is no log of ours, or torn.
	entryBegins = `{"time":`
)

var errForeign = errors.New("does not end in an entry of ours: move it away, or repair its last line")

// logWriter has the log open for one write.
type logWriter struct {
	w    *writer
	file *os.File
	end  int64 // where the next line begins
	open bool  // the last line has no newline yet
}

// appendLog writes line, without its newline, behind what the log holds, and makes it
// durable. old is the document's file, nil if there is none, and base what it names. A nil
// line only sees to the last one, because base will be gone. Nil without an error: there is
// no log, and nothing to write. The caller ends it.
func (w *writer) appendLog(line []byte, base core.Mark, old fs.FileInfo) (*logWriter, error) {
	l, err := w.openLog(line != nil, old)
	if l == nil || err != nil {
		return nil, err
	}
	if err := l.append(line, base); err != nil {
		l.close()
		return nil, fmt.Errorf("its log %s: %w", w.store.logPath(), err)
	}
	return l, nil
}

func (l *logWriter) append(line []byte, base core.Mark) error {
	tail, err := l.tail()
	if err != nil {
		return err
	}
	lead := ""
	switch {
	case len(tail) == 0:
	case len(bytes.Trim(tail, "\x00")) == 0: // a crash of the machine has left room, and nothing in it
		if err := l.cut(); err != nil {
			return err
		}
	case reached(tail, base.Revision, base.WriteID):
		l.end += int64(len(tail))
		lead = "\n"
	case bytes.HasPrefix(tail, []byte(entryBegins)), bytes.HasPrefix([]byte(entryBegins), tail):
		// A write that never took place: it is written over.
		if err := l.cut(); err != nil {
			return err
		}
	default:
		return errForeign
	}
	if line == nil && lead == "" {
		return nil
	}
	if err := l.w.at("write-log"); err != nil {
		return err
	}
	if _, err := l.file.WriteAt(append([]byte(lead), line...), l.end); err != nil {
		return err
	}
	l.end += int64(len(lead) + len(line))
	l.open = line != nil
	if err := l.w.at("sync-log"); err != nil {
		return err
	}
	return l.file.Sync()
}

// cut removes what is behind the last newline.
func (l *logWriter) cut() error {
	if err := l.w.at("truncate-log"); err != nil {
		return err
	}
	return l.file.Truncate(l.end)
}

// finish ends the line: the document is in its place. That a crash may take the newline is
// why a reader can do without it.
func (l *logWriter) finish() {
	if l == nil || !l.open || l.w.at("end-log") != nil {
		return
	}
	_, _ = l.file.WriteAt([]byte{'\n'}, l.end)
}

// close is always called; what was written is durable by then, or an error.
func (l *logWriter) close() {
	if l != nil {
		_ = l.file.Close()
	}
}

// tail reads what is behind the last newline, and sets where that begins.
func (l *logWriter) tail() ([]byte, error) {
	if err := l.w.at("read-log"); err != nil {
		return nil, err
	}
	info, err := l.file.Stat()
	if err != nil {
		return nil, err
	}
	at := max(0, info.Size()-core.MaxEntry-1)
	b, err := io.ReadAll(io.NewSectionReader(l.file, at, core.MaxEntry+1))
	if err != nil {
		return nil, err
	}
	newline := bytes.LastIndexByte(b, '\n')
	if newline < 0 && at > 0 {
		return nil, errors.New("ends in a line that is longer than any entry: move it away, or repair it")
	}
	l.end = at + int64(newline) + 1
	if tail := b[newline+1:]; len(tail) > 0 || newline < 0 {
		return tail, nil
	}
	last := b[:newline]
	last = last[bytes.LastIndexByte(last, '\n')+1:]
	if len(bytes.TrimSpace(last)) > 0 && !bytes.HasPrefix(last, []byte(entryBegins)) {
		return nil, errForeign
	}
	return b[newline+1:], nil
}

// reached reports whether line is the write that the document names.
func reached(line []byte, revision int64, writeID string) bool {
	e, err := core.DecodeEntry(line)
	return err == nil && writeID != "" && e.Revision == revision && e.WriteID == writeID
}

// openLog opens the log, made if there is none and there shall be one, and made shorter if
// it is too long. Nil without an error: there is none.
func (w *writer) openLog(create bool, old fs.FileInfo) (*logWriter, error) {
	name := w.store.logName()
	if err := w.at("open-log"); err != nil {
		return nil, w.logFault(err)
	}
	f, err := openIn(w.dir, name, os.O_RDWR)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !create:
		return nil, nil //nolint:nilnil // no log and no error is what was found
	case errors.Is(err, fs.ErrNotExist):
		err = w.replaceLog(nil, old)
	case errors.Is(err, fs.ErrPermission):
		// As with the document, who may write in the directory may put another one in its
		// place, and may do so only if those who could read the log still can.
		err = w.copyLog()
	case err == nil:
		shorter, like, faulty := shorten(f)
		if shorter == nil && faulty == nil {
			return &logWriter{w: w, file: f}, nil
		}
		_ = f.Close() // nothing was written to it
		if err = faulty; err == nil {
			err = w.replaceLog(shorter, like)
		}
	}
	if err == nil {
		f, err = openIn(w.dir, name, os.O_RDWR)
	}
	if err != nil {
		return nil, w.logFault(err)
	}
	return &logWriter{w: w, file: f}, nil
}

func (w *writer) logFault(err error) error {
	return fmt.Errorf("its log %s cannot be written: %w", w.store.logPath(), err)
}

// shorten refuses a log that is also another file, and returns what is to be left of one
// that is too long; nil if it is not.
func shorten(f *os.File) (shorter []byte, like fs.FileInfo, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !hasOneName(info) {
		return nil, nil, errors.New("it has another name too, a hard link, and who put it there could let anything be written to: remove it")
	}
	if info.Size() < lookAtLog {
		return nil, nil, nil
	}
	b, err := readLog(f)
	if err != nil || bytes.Count(b, []byte{'\n'}) <= core.MaxEntries+slackLines {
		return nil, nil, err
	}
	return lastLines(b, core.MaxEntries), info, nil
}

// copyLog puts a copy of the log, which this user can only read, in its place.
func (w *writer) copyLog() error {
	f, err := openIn(w.dir, w.store.logName(), os.O_RDONLY)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	var b []byte
	if err == nil {
		b, err = readLog(f)
	}
	_ = f.Close() // it was only read
	if err != nil {
		return err
	}
	return w.replaceLog(b, info)
}

// replaceLog makes a log of b, with the owner and permissions of like.
func (w *writer) replaceLog(b []byte, like fs.FileInfo) error {
	temp, err := w.writeTemp(tempFile{what: "log", text: b, like: like, durable: true})
	if err != nil {
		return err
	}
	if err := w.rename("rename-log", temp, w.store.logName()); err != nil {
		w.remove(temp)
		return err
	}
	return nil
}

// maxLog is more than a log holds that is made shorter in time.
const maxLog = (core.MaxEntries + slackLines + 1) * (core.MaxEntry + 1)

func readLog(f io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(f, maxLog+1))
	if err == nil && len(b) > maxLog {
		err = fmt.Errorf("has more than %d bytes, which no log has: move it away", maxLog)
	}
	return b, err
}

// lastLines is the end of b that has n lines, and what is behind the last newline.
func lastLines(b []byte, n int) []byte {
	end := bytes.LastIndexByte(b, '\n')
	for range n {
		if end < 0 {
			return b
		}
		end = bytes.LastIndexByte(b[:end], '\n')
	}
	return b[end+1:]
}
