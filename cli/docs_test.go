package cli

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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
	var global []string
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) { global = append(global, "--"+f.Name) })
	_, line, _ := strings.Cut(string(text), "\nGlobal flags: ")
	line, _, _ = strings.Cut(line, "Commands that write")
	require.ElementsMatch(t, global, flagsIn(line))
	for _, cmd := range root.Commands() {
		if want := flagsOf(cmd); len(want) > 0 {
			require.ElementsMatch(t, want, of[cmd.Name()], cmd.Name())
		}
		delete(of, cmd.Name())
	}
	delete(of, "flags of")
	delete(of, "---")
	require.Empty(t, of, "rows of no command")
}

// flagsOf are the flags of cmd's own.
func flagsOf(cmd *cobra.Command) []string {
	var out []string
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" {
			out = append(out, "--"+f.Name)
		}
	})
	return out
}

// flagsIn are the flags that a text names, each once.
func flagsIn(text string) []string {
	found := regexp.MustCompile("--[a-z][a-z-]*").FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}
