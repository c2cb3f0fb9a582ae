package pathtest

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed targets.txt
var targets string

// lists holds the lists of targets.txt by name. A line that begins with "== " names the list below it.
// Each other line is one text, with the escapes of a Go string.
var lists = func() map[string][]string {
	lists, name := map[string][]string{}, ""
	for line := range strings.Lines(targets) {
		line = strings.TrimSuffix(line, "\n")
		if heading, ok := strings.CutPrefix(line, "== "); ok {
			name = heading
			continue
		}
		text, err := strconv.Unquote(`"` + line + `"`)
		if err != nil {
			panic(fmt.Sprintf("targets.txt: %q: %v", line, err))
		}
		lists[name] = append(lists[name], text)
	}
	return lists
}()
