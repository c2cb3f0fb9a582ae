package admin

import (
	"fmt"
	"strings"

	"github.com/go-downtime/downtime/internal/wire"
)

// FleetLine is a sentence about all instances; "" if their rows or the document could not be
// read. It never says "safe": a silent instance may still serve.
func (v seen) FleetLine() string {
	if !v.Rows || v.Err != nil {
		return ""
	}
	c := wire.Count(v.Fleet)
	if c.Live == 0 && c.Silent == 0 {
		return "No instance has reported to this store."
	}
	var parts []string
	add := func(n int, one, many string) {
		switch {
		case n == 1:
			parts = append(parts, "1 "+one)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	add(c.Open, "serves visitors", "serve visitors")
	add(c.Refusing, "refuses visitors and has not drained", "refuse visitors and have not drained")
	add(c.Drained, "refuses visitors and has drained", "refuse visitors and have drained")
	line := count(int64(c.Live), "live instance")
	if len(parts) > 0 {
		line += ": " + strings.Join(parts, ", ")
	}
	line += "."
	switch {
	case c.Silent == 1:
		line += " 1 is silent: its state is not known."
	case c.Silent > 1:
		line += fmt.Sprintf(" %d are silent: their state is not known.", c.Silent)
	}
	return line
}
