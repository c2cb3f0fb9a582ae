package admin

import "strings"

// sentence makes a sentence of the Problem of a fault.
func sentence(problem string) string {
	return strings.ToUpper(problem[:1]) + problem[1:] + "."
}

func join(a, b string) string { return strings.TrimSpace(a + " " + b) }

// clip limits the length of a value that is sent back.
func clip(text string) string {
	const limit = 200
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}

func yesNo(text string) string {
	switch text {
	case "true":
		return "yes"
	case "false":
		return "no"
	}
	return text
}
