package cli

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// TestEveryHelpFileIsOfACommand finds a file that no command reads, a missing part, and a placeholder
// that no value fills.
func TestEveryHelpFileIsOfACommand(t *testing.T) {
	t.Parallel()
	root := Command()
	root.InitDefaultHelpCmd()
	commands := []*cobra.Command{root}
	for n := 0; n < len(commands); n++ {
		commands = append(commands, commands[n].Commands()...)
	}
	files, err := helpFiles.ReadDir("help")
	require.NoError(t, err)
	require.Len(t, files, len(commands))
	for _, cmd := range commands {
		require.NotContains(t, cmd.Short, "\n", cmd.CommandPath())
		require.NotContains(t, cmd.Long, "Examples:", cmd.CommandPath())
		require.NotRegexp(t, `\{[A-Z]+\}`, cmd.Long, cmd.CommandPath())
		require.NotEmpty(t, cmd.Short, cmd.CommandPath())
		require.NotRegexp(t, `(?m) $`, cmd.Example, cmd.CommandPath())
	}
}
