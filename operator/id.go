package operator

import (
	"crypto/rand"
	"fmt"
	"slices"

	"github.com/go-downtime/downtime/period"
)

// An id consists of characters that are easy to read aloud and to type. It has no vowels, so it
// spells no word.
const (
	idLetters = "bcdfghjkmnpqrstvwxz"
	idSigns   = idLetters + "23456789"
)

// newID returns an id that d does not have: a letter and five letters or digits.
func newID(d *period.Document) string {
	for {
		var id [6]byte
		_, _ = rand.Read(id[:]) // crypto/rand.Read never fails
		id[0] = idLetters[int(id[0])%len(idLetters)]
		for i := range id[1:] {
			id[i+1] = idSigns[int(id[i+1])%len(idSigns)]
		}
		if _, taken := d.Find(string(id[:])); !taken {
			return string(id[:])
		}
	}
}

// index returns the position of the period in d.
func index(d *period.Document, id string) (int, error) {
	if id == "" {
		return 0, &period.FieldError{Field: "id", Problem: "is missing"}
	}
	i := slices.IndexFunc(d.Periods, func(p period.Period) bool { return p.ID == id })
	if i < 0 {
		return 0, fmt.Errorf("%q: %w", id, ErrNotFound)
	}
	return i, nil
}
