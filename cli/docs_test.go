package cli

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestThePageNamesEveryFlag holds docs/command.md against the commands: each has a row
// with its flags, no less and no more, and the global ones are named before.
func TestThePageNamesEveryFlag(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/command.md")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("needs docs/command.md, which lies beside this module in the repository only")
	}
	require.NoError(t, err)
	_, page, ok := strings.Cut(string(text), "\n### Flags\n")
	require.True(t, ok, "no section of flags")
	page, _, _ = strings.Cut(page, "\n### ")
	of := map[string][]string{}
	for row := range strings.Lines(page) {
		if cells := strings.Split(row, "|"); len(cells) == 4 {
			of[strings.Trim(cells[1], " `")] = flagsIn(cells[2])
		}
	}
	root := Command()
	_, line, _ := strings.Cut(string(text), "\nGlobal flags: ")
	line, _, _ = strings.Cut(line, "Commands that write")
	require.Equal(t, listed(root.PersistentFlags().FlagUsages()), flagsIn(line))
	commands := root.Commands()
	for _, cmd := range root.Commands() {
		commands = append(commands, cmd.Commands()...)
	}
	for _, cmd := range commands {
		name := strings.TrimPrefix(cmd.CommandPath(), root.Name()+" ")
		require.Equal(t, listed(cmd.LocalNonPersistentFlags().FlagUsages()), of[name], name)
		delete(of, name)
	}
	delete(of, "flags of")
	delete(of, "---")
	require.Empty(t, of, "rows of no command")
}

// listed are the flags that a command's help lists.
func listed(help string) []string {
	var names strings.Builder
	for line := range strings.Lines(help) {
		names.WriteString(strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "-h, "))[0] + "\n")
	}
	return slices.DeleteFunc(flagsIn(names.String()), func(flag string) bool { return flag == "--help" })
}

// flagsIn are the flags that a text names, each once.
func flagsIn(text string) []string {
	found := regexp.MustCompile("--[a-z][a-z-]*").FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}
