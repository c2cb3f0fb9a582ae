package core

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// MaxDocument is the most that [Document.Encode] writes and [DecodeDocument] reads, in
// bytes. 10,000 periods fit if their texts are 1 KiB each on the average.
const MaxDocument = 16 << 20

// maxFaults is how many faults of one document are listed.
const maxFaults = 10

// Members of a document and of a period, the required ones first.
var (
	documentMembers = []string{"format", "periods", "store_id", "revision", "write_id", "close_rev", "reconciled"}
	periodMembers   = []string{
		"id", "kind", "start", "enabled",
		"end", "expected_end", "emergency", "reason", "holder", "version",
		"created_by", "created_at", "updated_by", "updated_at",
	}
)

const (
	documentRequired = 2
	periodRequired   = 4
)

// DecodeDocument reads a document that [Document.Encode], or a person, has written. It is
// strict: a member that is unknown, given twice or in another case, anything behind the
// document, another format, a missing format, periods, id, kind, start or enabled, two
// periods of one id, and whatever [Period.Validate] finds are errors. They name line and
// path ("periods[3].end"), and errors.As finds the [*FieldError].
//
// A person may leave out store_id, revision, write_id, close_rev, reconciled and version.
// In the result Periods is not nil, instants are in UTC and whole microseconds. It keeps nothing
// of b.
func DecodeDocument(b []byte) (*Document, error) {
	switch {
	case len(b) > MaxDocument:
		return nil, tooLarge(len(b))
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return nil, errors.New("document begins with a byte order mark; save it as UTF-8 without one")
	case len(bytes.Trim(b, " \t\r\n")) == 0:
		return nil, errors.New(`document is empty; the least is {"format": 1, "periods": []}`)
	}
	r := &jsonReader{b: b, index: -1}
	d, err := r.document()
	if err == nil {
		err = r.end()
	}
	if err == nil {
		err = d.validate()
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Encode returns d as indented JSON with a newline at its end, with instants in UTC and
// whole microseconds. It fails if [DecodeDocument] would not read the result. d is not
// changed.
func (d *Document) Encode() ([]byte, error) {
	if d == nil {
		return nil, errors.New("no document to encode")
	}
	content := *d
	content.Periods = slices.Clone(d.Periods)
	content.normalise()
	if err := content.validate(); err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // people read it; nobody puts it into a page
	enc.SetIndent("", "  ")
	if err := enc.Encode(&content); err != nil {
		return nil, err
	}
	if buf.Len() > MaxDocument {
		return nil, tooLarge(buf.Len())
	}
	return buf.Bytes(), nil
}

// normalise brings d into the form that a store gives back: instants in UTC and whole
// microseconds, Periods not nil. Whoever makes a document does this before seal, so that
// its digest is the one of what will be read.
func (d *Document) normalise() {
	if d.Periods == nil {
		d.Periods = []Period{}
	}
	for i := range d.Periods {
		p := &d.Periods[i]
		for _, t := range []*time.Time{&p.Start, &p.End, &p.ExpectedEnd, &p.CreatedAt, &p.UpdatedAt} {
			*t = canonical(*t)
		}
	}
}

func canonical(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// validate returns the first faults of d, joined, each a [*FieldError].
func (d *Document) validate() error {
	if err := formatFault(d.Format); err != nil {
		return err
	}
	var errs []error
	fault := func(field string, value any, problem string) {
		errs = append(errs, &FieldError{Field: field, Value: value, Problem: problem})
	}
	if problem := idProblem(d.StoreID); d.StoreID != "" && problem != "" {
		fault("store_id", d.StoreID, problem)
	}
	if problem := idProblem(d.WriteID); d.WriteID != "" && problem != "" {
		fault("write_id", d.WriteID, problem)
	}
	if d.Revision < 0 {
		fault("revision", d.Revision, "want 0 or more")
	}
	if d.CloseRev < 0 || d.CloseRev > max(d.Revision, 0) {
		fault("close_rev", d.CloseRev, fmt.Sprintf("want 0 to revision (%d)", d.Revision))
	}
	if d.Reconciled < 0 || d.Reconciled > max(d.Revision, 0) {
		fault("reconciled", d.Reconciled, fmt.Sprintf("want 0 to revision (%d)", d.Revision))
	}
	first := make(map[string]int, len(d.Periods))
	for i, p := range d.Periods {
		path := fmt.Sprintf("periods[%d]", i)
		if j, twice := first[p.ID]; twice {
			fault(path+".id", p.ID, fmt.Sprintf("is the id of periods[%d] too", j))
		} else {
			first[p.ID] = i
		}
		errs = append(errs, under(path, p.Validate())...)
		if len(errs) > maxFaults {
			errs = append(errs[:maxFaults], errors.New("and more"))
			break
		}
	}
	return errors.Join(errs...)
}

// under takes the faults that [Period.Validate] joined, and puts path before their fields.
func under(path string, err error) []error {
	if err == nil {
		return nil
	}
	var errs []error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		errs = joined.Unwrap()
	} else {
		errs = []error{err}
	}
	out := make([]error, len(errs))
	for i, err := range errs {
		if f, ok := errors.AsType[*FieldError](err); ok {
			err = &FieldError{Field: path + "." + f.Field, Value: f.Value, Problem: f.Problem}
		}
		out[i] = err
	}
	return out
}

func formatFault(format int) error {
	switch {
	case format > Format:
		return &FieldError{Field: "format", Value: format, Problem: fmt.Sprintf("written by a newer downtime: upgrade this program (it reads format %d)", Format)}
	case format != Format:
		return &FieldError{Field: "format", Value: format, Problem: fmt.Sprintf("want %d", Format)}
	}
	return nil
}

func tooLarge(n int) error {
	return &FieldError{Field: "document", Value: fmt.Sprintf("%d bytes", n), Problem: fmt.Sprintf("want at most %d bytes; remove periods that have ended", MaxDocument)}
}

func (r *jsonReader) document() (*Document, error) {
	d := &Document{Periods: []Period{}}
	err := r.object(documentMembers, documentRequired, func(i int) (err error) {
		switch documentMembers[i] {
		case "format":
			var n int64
			if n, err = r.integer(); err != nil {
				return err
			}
			d.Format = int(max(-1, min(n, math.MaxInt32)))
			return formatFault(d.Format) // at once: a newer one may hold unknown members
		case "store_id":
			d.StoreID, err = r.str()
		case "revision":
			d.Revision, err = r.integer()
		case "write_id":
			d.WriteID, err = r.str()
		case "close_rev":
			d.CloseRev, err = r.integer()
		case "reconciled":
			d.Reconciled, err = r.integer()
		case "periods":
			return r.array(func() error {
				p, err := r.period()
				d.Periods = append(d.Periods, p)
				return err
			})
		}
		return err
	})
	return d, err
}

func (r *jsonReader) period() (Period, error) {
	p := Period{Version: 1}
	err := r.object(periodMembers, periodRequired, func(i int) (err error) {
		switch periodMembers[i] {
		case "id":
			p.ID, err = r.str()
		case "kind":
			var kind string
			kind, err = r.str()
			p.Kind = Kind(kind)
		case "start":
			p.Start, err = r.instant()
		case "end":
			p.End, err = r.instant()
		case "expected_end":
			p.ExpectedEnd, err = r.instant()
		case "enabled":
			p.Enabled, err = r.flag()
		case "emergency":
			p.Emergency, err = r.flag()
		case "reason":
			p.Reason, err = r.str()
		case "holder":
			p.Holder, err = r.str()
		case "version":
			p.Version, err = r.integer()
		case "created_by":
			p.CreatedBy, err = r.str()
		case "created_at":
			p.CreatedAt, err = r.instant()
		case "updated_by":
			p.UpdatedBy, err = r.str()
		case "updated_at":
			p.UpdatedAt, err = r.instant()
		}
		return err
	})
	return p, err
}

// str reads a string into one of its own.
func (r *jsonReader) str() (string, error) {
	s, err := r.text()
	return string(s), err
}
