package core

import (
	"strings"
	"testing"
)

func FuzzParseOverride(f *testing.F) {
	for _, s := range []string{"", "up", "down\n", " none ", "Down", "down # migration", "\x00up"} {
		f.Add(s)
	}
	words := map[string]direction{"": directionNone, "none": directionNone, "up": directionUp, "down": directionDown}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseOverride(s)
		if want, known := words[strings.TrimSpace(s)]; got != want || known != (err == nil) {
			t.Fatalf("%q gave %v, %v", s, got, err)
		}
	})
}
