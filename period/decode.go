package period

import (
	"bytes"
	"errors"
	"math"
)

// Decode reads a document that [Document.Encode] or a person has written. It is strict. These are
// errors:
//   - an unknown or repeated member, or one in another case;
//   - anything after the document;
//   - another format;
//   - a missing format, periods, id, kind, start or enabled;
//   - two periods with one id;
//   - an edit by hand that would be larger than [MaxDocument] once it is written;
//   - every fault that [Period.Validate] finds.
//
// An error names line and path ("periods[3].end"), and errors.As finds the [*FieldError].
// [ErrNewer] means that the document needs a newer version.
//
// A person may leave out all other members. In the result Periods is not nil, and instants
// are in UTC and whole microseconds. Decode checks that the log is JSON, and decodes none of
// its entries. It keeps no reference to b.
func Decode(b []byte) (*Document, error) {
	return decode(b, (*jsonReader).raws)
}

// DecodeWithoutLog is [Decode] for a reader that uses only the state. It does not read a log in the
// form that [Document.Encode] writes: a gate reads the document after each change, and a full log
// is most of its text. It checks that any other log is JSON. The result must not be written to a
// store, because the log would be lost.
func DecodeWithoutLog(b []byte) (*Document, error) {
	skip := func(r *jsonReader) ([][]byte, error) { return nil, r.array(func() error { return r.skip(0) }) }
	if state, cut := withoutLog(b); cut && len(b) <= MaxDocument {
		if d, err := decode(state, skip); err == nil {
			return d, nil
		} // the error must name places in b
	}
	return decode(b, skip)
}

// withoutLog returns the text of a document without its log, and false if the log is not in the form
// that [withLog] writes. A string of JSON holds no line break, so a line break beside a bracket is
// outside of all strings.
func withoutLog(b []byte) (state []byte, cut bool) {
	before, log, found := bytes.Cut(b, []byte(logOpen))
	if !found || bytes.Index(log, []byte(logEnd)) != len(log)-len(logClose) || !bytes.HasSuffix(log, []byte(logClose)) {
		return nil, false
	}
	return append(bytes.Clone(before), "\n}\n"...), true
}

// decode reads a document. It reads the entries of the log with log.
func decode(b []byte, log func(*jsonReader) ([][]byte, error)) (*Document, error) {
	switch {
	case len(b) > MaxDocument:
		return nil, tooLarge(len(b))
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return nil, errors.New("document begins with a byte order mark; save it as UTF-8 without one")
	case len(bytes.Trim(b, " \t\r\n")) == 0:
		return nil, errors.New(`document is empty; the smallest one is {"format": 1, "periods": []}`)
	}
	r := &jsonReader{b: b, subject: "document"}
	d := &Document{Periods: []Period{}}
	if err := r.object(r.documentMembers(d, log)); err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	if err := d.validate(); err != nil {
		return nil, err
	}
	if size := d.rewritten(len(b)); size > MaxDocument {
		return nil, tooLarge(size)
	}
	return d, nil
}

// rewritten returns the size of the document after the next write, without log and indentation, if
// a person has edited it. That can be more than the size of the file, because a person may leave
// members out. A document that cannot be written must not be adopted: nothing could end its periods.
func (d *Document) rewritten(size int) int {
	const (
		growth  = 4   // more than the factor by which a write can enlarge a document
		counter = 128 // more than the ids and counters that a write adds
	)
	if size < MaxDocument/growth || !d.HandEdited() {
		return 0
	}
	b, _ := encodeJSON(d, "") // a document that cannot be encoded is not valid
	return len(b) + counter
}

// documentMembers are the members of a document, which are read into d. A member without
// Into belongs to format 1, and this version does not implement it.
func (r *jsonReader) documentMembers(d *Document, log func(*jsonReader) ([][]byte, error)) []Member {
	var p Period // each element of periods is read into it, and copied
	members := periodMembers(&p)
	var f Follower
	follower := membersOf(&f, "name", "revision", "at")
	return []Member{
		{Name: "format", Required: true, Into: func() error {
			n, err := r.integer()
			if err != nil {
				return err
			}
			d.Format = int(max(-1, min(n, math.MaxInt32)))
			return formatFault(d.Format) // at once: a newer format may have unknown members
		}},
		{Name: "store_id", Into: &d.StoreID},
		{Name: "revision", Into: &d.Revision},
		{Name: "write_id", Into: &d.WriteID},
		{Name: "close_rev", Into: &d.CloseRev},
		{Name: "reconciled", Into: &d.Reconciled},
		{Name: "replaces", Into: &d.Replaces},
		{Name: "name", Into: &d.Name},
		{Name: "environment", Into: &d.Environment},
		{Name: "periods", Required: true, Into: func() error {
			return r.array(func() error {
				p = Period{Version: 1}
				err := r.object(members)
				d.Periods = append(d.Periods, p)
				return err
			})
		}},
		{Name: "log", Into: func() (err error) {
			d.Log.lines, err = log(r)
			return err
		}},
		{Name: "followers", Into: func() error {
			return r.array(func() error {
				f = Follower{}
				err := r.object(follower)
				d.Followers = append(d.Followers, f)
				return err
			})
		}},
		{Name: "passes"},
	}
}
