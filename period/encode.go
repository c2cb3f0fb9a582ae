package period

import (
	"bytes"
	"errors"
	"math"
	"slices"
)

// The text around the entries of a log.
const (
	logOpen  = ",\n  \"log\": [\n    "
	logNext  = ",\n    "
	logEnd   = "\n  ]"
	logClose = logEnd + "\n}\n"
)

// Encode returns d as indented JSON with a newline at its end. Instants are in UTC and whole
// microseconds. The log is the last member, with one entry a line. Encode fails if the content is
// not valid for [Decode]. The result can be larger than [MaxDocument], see [Document.Fit]. d is
// not changed.
func (d *Document) Encode() ([]byte, error) { return d.Fit(math.MaxInt) }

// Fit encodes d in at most limit bytes if possible. It first leaves out the oldest entries of the
// log, then the indentation. If the periods alone are larger, so is the result.
func (d *Document) Fit(limit int) ([]byte, error) {
	content, err := d.content("  ")
	if err == nil && len(content) > limit {
		content, err = d.content("")
	}
	if err != nil {
		return nil, err
	}
	lines := d.Log.lines
	first := len(lines)
	room := limit - len(trimEnd(content)) - len(logOpen) - len(logClose) + len(logNext)
	for first > 0 && room >= len(lines[first-1])+len(logNext) {
		first--
		room -= len(lines[first]) + len(logNext)
	}
	return withLog(content, lines[first:]), nil
}

// content returns d as JSON without its log.
func (d *Document) content(indent string) ([]byte, error) {
	if d == nil {
		return nil, errors.New("no document to encode")
	}
	content := *d
	content.Periods, content.Followers = slices.Clone(d.Periods), slices.Clone(d.Followers)
	content.normalize()
	if err := content.validate(); err != nil {
		return nil, err
	}
	return encodeJSON(content, indent)
}

// withLog puts the log at the end of content, whose last member is an array.
func withLog(content []byte, lines [][]byte) []byte {
	if len(lines) == 0 {
		return content
	}
	content = append(trimEnd(content), logOpen...)
	content = append(content, bytes.Join(lines, []byte(logNext))...)
	return append(content, logClose...)
}

// trimEnd returns content without the end of its object.
func trimEnd(content []byte) []byte { return bytes.TrimRight(content, "\n}") }

// normalize changes d to the form that [Decode] returns.
func (d *Document) normalize() {
	if d.Periods == nil {
		d.Periods = []Period{}
	}
	for i := range d.Periods {
		normalizePeriod(&d.Periods[i])
	}
	for i := range d.Followers {
		d.Followers[i].At = Canonical(d.Followers[i].At)
	}
}
