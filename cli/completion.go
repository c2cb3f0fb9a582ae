package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// shells are the shells for which there is a script: how cobra makes it, and how it changes if
// the command is a part of a program. The script must then call only the command, because the
// program would read the words of the script as its own arguments. Each edit replaces a text of
// the script. In it %[1]s is the rest of the command's name after the program, %[2]d is the
// number of its words, and %[3]d and %[4]d are 1 and 2 more.
var shells = map[string]struct {
	generate func(root *cobra.Command, w io.Writer) error
	edits    [][2]string
}{
	"bash": {
		func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		[][2]string{{
			`    requestComp="${words[0]} __complete ${args[*]}"`,
			`    local own=(%[1]s)
    if ((${#args[@]} <= %[2]d)); then
        out=${own[${#args[@]}-1]}
        directive=0
        return
    fi
    if [[ "${args[*]:0:%[2]d}" != "${own[*]}" ]]; then
        out=""
        directive=0
        return
    fi
    requestComp="${words[0]} %[1]s __complete ${args[*]:%[2]d}"`,
		}},
	},
	"zsh": {
		func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) },
		[][2]string{{
			`    requestComp="${words[1]} __complete ${words[2,-1]}"`,
			`    local -a own
    own=(%[1]s)
    if (( CURRENT <= %[3]d )); then
        compadd -- ${own[CURRENT-1]}
        _default
        return
    fi
    if [[ "${words[2,%[3]d]}" != "${own[*]}" ]]; then
        _default
        return
    fi
    requestComp="${words[1]} %[1]s __complete ${words[%[4]d,-1]}"`,
		}},
	},
	"fish": {
		func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
		[][2]string{{
			`    # Disable ActiveHelp`,
			`    set -l own %[1]s
    if test (count $args) -le %[2]d
        printf '%%s\n' $own[(count $args)] :0
        return
    end
    if test "$args[2..%[3]d]" != "$own"
        return
    end

    # Disable ActiveHelp`,
		}, {
			` $args[1] __complete $args[2..-1] $lastArg"`,
			` $args[1] %[1]s __complete $args[%[4]d..-1] $lastArg"`,
		}},
	},
	"powershell": {
		func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) },
		[][2]string{{
			`    $RequestComp="$Program __complete $Arguments"`,
			`    $Own = "%[1]s"
    if (-not "$Arguments".StartsWith("$Own ") -and ("$Arguments" -ne $Own -or $WordToComplete -ne "")) {
        if ($Own.StartsWith("$Arguments")) { $Own }
        return
    }
    $Arguments = "$Arguments".Substring($Own.Length).TrimStart()
    $RequestComp="$Program $Own __complete $Arguments"`,
		}},
	},
}

func (a *app) completionCommand() *cobra.Command {
	cmd := a.newCommand("completion", "completion bash|zsh|fish|powershell", a.args(1, 1), "{NAME}", a.name)
	cmd.ValidArgs = []cobra.Completion{"bash", "zsh", "fish", "powershell"}
	return a.finish(cmd, func(cmd *cobra.Command, args []string) error {
		shell, ok := shells[args[0]]
		if !ok {
			return usagef("%q: want bash, zsh, fish or powershell", args[0])
		}
		var script bytes.Buffer
		if err := shell.generate(cmd.Root(), &script); err != nil {
			return err
		}
		text := script.String()
		if _, rest, embedded := strings.Cut(a.name, " "); embedded && cmd.Root() == a.tree {
			words := len(strings.Fields(rest))
			for _, edit := range shell.edits {
				if strings.Count(text, edit[0]) != 1 {
					return fmt.Errorf("the script of %s cannot be made for the name %q", args[0], a.name)
				}
				text = strings.Replace(text, edit[0], fmt.Sprintf(edit[1], rest, words, words+1, words+2), 1)
			}
		}
		_, err := io.WriteString(cmd.OutOrStdout(), text)
		return err
	})
}
