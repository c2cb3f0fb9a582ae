package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store/memstore"
)

// script is the completion script of a command with this name.
func script(t *testing.T, name, shell string) string {
	t.Helper()
	var out, errs bytes.Buffer
	code := Main(t.Context(), []string{"completion", shell}, nil, &out, &errs, WithName(name), WithStore(memstore.New()))
	require.Equal(t, ExitDone, code, errs.String())
	return out.String()
}

// words replaces the package bash-completion, and prints the words that bash would offer for a
// line.
const words = `
_get_comp_words_by_ref() { :; }
_init_completion() { words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; cur=${words[cword]}; prev=${words[cword-1]}; }
__ltrim_colon_completions() { :; }
compopt() { :; }
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); COMP_TYPE=9
$(complete -p myapp | sed 's/.*-F \([^ ]*\).*/\1/')
printf '%s\n' "${COMPREPLY[@]}"
`

func TestTheScriptOfAnEmbeddedCommandAsksOnlyTheCommand(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash")
	}
	dir := t.TempDir()
	// The program serves, unless its first word is that of the command.
	app := "#!" + bash + "\n[[ $1 == downtime ]] || { touch " + dir + "/served; exit 1; }\nshift\nprintf '%s\\n' \"$*\" >>" + dir + "/asked\n" +
		"printf 'start\\tTake the site down\\nstatus\\tIs it down\\n:4\\n'\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "myapp"), []byte(app), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "completion"), []byte(script(t, "myapp downtime", "bash")), 0o600))
	offered := func(line ...string) []string {
		cmd := exec.CommandContext(t.Context(), bash, append([]string{"-c", words, "bash", filepath.Join(dir, "completion"), "myapp"}, line...)...)
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		var names []string
		for l := range strings.Lines(string(out)) {
			if fields := strings.Fields(l); len(fields) > 0 {
				names = append(names, fields[0])
			}
		}
		return names
	}
	require.Equal(t, []string{"downtime"}, offered(""))
	require.Equal(t, []string{"downtime"}, offered("down"))
	require.Empty(t, offered("serve", ""), "the words of the program are its own")
	require.NoFileExists(t, filepath.Join(dir, "asked"))
	require.Equal(t, []string{"start", "status"}, offered("downtime", "st"))
	require.Equal(t, []string{"start", "status"}, offered("downtime", ""))
	offered("downtime", "end", "--tz", "Eu")
	asked, err := os.ReadFile(filepath.Join(dir, "asked"))
	require.NoError(t, err)
	require.Equal(t, "__complete st\n__complete \n__complete end --tz Eu\n", string(asked))
	require.NoFileExists(t, filepath.Join(dir, "served"))
}

func TestZonesAreThoseOfTheMachine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"Europe/Berlin", "Europe/Bern", "America/Indiana/Knox", "UTC", "posix/Europe/Berlin", "zone.tab", "Factory"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	dirs := []string{filepath.Join(dir, "none"), dir}
	require.Equal(t, []string{"America/Indiana/Knox", "Europe/Berlin", "Europe/Bern", "UTC"}, zonesIn(dirs, ""))
	require.Equal(t, []string{"Europe/Berlin", "Europe/Bern"}, zonesIn(dirs, "Europe/Ber"))
	require.Equal(t, []string{"UTC"}, zonesIn(nil, ""))
}

func TestScriptsAskTheCommandByItsWholeName(t *testing.T) {
	t.Parallel()
	for shell := range shells {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			require.NotContains(t, script(t, "downtime", shell), "downtime __complete")
			require.Contains(t, script(t, "myapp downtime", shell), "__complete")
			embedded := script(t, "myapp ops downtime", shell)
			require.Contains(t, embedded, "ops downtime")
			if path, err := exec.LookPath(shell); err == nil && shell != "powershell" {
				check := exec.CommandContext(t.Context(), path, "-n")
				check.Stdin = strings.NewReader(embedded)
				out, err := check.CombinedOutput()
				require.NoError(t, err, string(out))
			}
		})
	}
}

func TestTheScriptInsideAnotherTreeIsThatOfTheTree(t *testing.T) {
	t.Parallel()
	host := &cobra.Command{Use: "host"}
	host.AddCommand(Command(WithName("host downtime"), WithStore(memstore.New())))
	var out bytes.Buffer
	host.SetOut(&out)
	host.SetArgs([]string{"host", "completion", "bash"})
	require.NoError(t, host.ExecuteContext(t.Context()))
	require.Contains(t, out.String(), `requestComp="${words[0]} __complete ${args[*]}"`)
}
