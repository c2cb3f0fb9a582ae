package kubernetes

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestThePageShowsTheFiles fails unless docs/kubernetes.md shows each file as it is. With
// UPDATE_DOCS=1 it writes the files into the page.
func TestThePageShowsTheFiles(t *testing.T) {
	t.Parallel()
	const page = "../../docs/kubernetes.md"
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	shown := 0
	block := regexp.MustCompile("(?ms)^(```(?:yaml|dockerfile)\n)# (examples/kubernetes/[^\n]+)\n.*?^```\n")
	want := block.ReplaceAllStringFunc(string(text), func(found string) string {
		part := block.FindStringSubmatch(found)
		content, err := os.ReadFile(filepath.Join("../..", filepath.FromSlash(part[2])))
		require.NoError(t, err)
		shown++
		return part[1] + "# " + part[2] + "\n" + string(content) + "```\n"
	})
	if os.Getenv("UPDATE_DOCS") != "" {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o644))
	}
	require.Equal(t, 6, shown)
	require.Equal(t, shown, strings.Count(want, "```yaml\n")+strings.Count(want, "```dockerfile\n"), "each block names its file")
	require.Equal(t, want, string(text), "UPDATE_DOCS=1 go test ./e2e/kubernetes -run ThePage writes the page")
}
