package cli

import (
	"embed"
	"strings"

	"github.com/spf13/cobra"
)

// helpFiles holds the help of the commands. A file has the short text, the long text if there is one,
// and the examples without the name of the program.
//
//go:embed help
var helpFiles embed.FS

// newCommand returns the command with this usage line and the help of help/NAME.txt. fill holds pairs
// of a placeholder in the long text and its value.
func (a *app) newCommand(name, use string, args cobra.PositionalArgs, fill ...string) *cobra.Command {
	text, err := helpFiles.ReadFile("help/" + name + ".txt")
	if err != nil {
		panic(err) // each command has its file
	}
	about, examples, _ := strings.Cut(strings.TrimSpace(string(text)), "\n\nExamples:\n")
	short, long, _ := strings.Cut(about, "\n\n")
	return &cobra.Command{
		Use: use, Short: short, Long: strings.NewReplacer(fill...).Replace(long),
		Example: a.examples(strings.Split(examples, "\n")...), Args: args,
	}
}

// examples are command lines for the help, each indented.
func (a *app) examples(lines ...string) string {
	prefix := "  " + a.name + " "
	return prefix + strings.Join(lines, "\n"+prefix)
}
