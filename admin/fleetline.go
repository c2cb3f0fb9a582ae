package admin

import (
	"fmt"
	"strings"
)

// FleetLine is what the instances have reported, in a sentence; "" if the store keeps no
// rows of them. It never says "safe": a silent instance may still serve.
func (v seen) FleetLine() string {
	if v.Rows == nil || v.Err != nil {
		return ""
	}
	c := v.Count(v.Rows)
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
	add(c.Refusing, "refuses visitors and still finishes requests", "refuse visitors and still finish requests")
	add(c.Drained, "refuses visitors and has drained", "refuse visitors and have drained")
	line := count(int64(c.Live), "live instance")
	if len(parts) > 0 {
		line += ": " + strings.Join(parts, ", ")
	}
	line += "."
	switch {
	case c.Silent == 1:
		line += " 1 is silent: nobody can tell what it does."
	case c.Silent > 1:
		line += fmt.Sprintf(" %d are silent: nobody can tell what they do.", c.Silent)
	}
	return line
}
