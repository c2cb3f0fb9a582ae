package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPagesShowTheFiles fails unless these pages show each file as it is. With UPDATE_DOCS=1 it
// writes the files into the pages.
func TestPagesShowTheFiles(t *testing.T) {
	t.Parallel()
	for page, blocks := range map[string]int{"kubernetes.md": 6, "pipelines.md": 2} {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			page := filepath.Join("..", "docs", page)
			text, err := os.ReadFile(page)
			require.NoError(t, err)
			shown := 0
			block := regexp.MustCompile("(?ms)^(```(?:yaml|dockerfile)\n)# (examples/[^\n]+)\n.*?^```\n")
			want := block.ReplaceAllStringFunc(string(text), func(found string) string {
				part := block.FindStringSubmatch(found)
				content, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(part[2])))
				require.NoError(t, err)
				shown++
				return part[1] + "# " + part[2] + "\n" + string(content) + "```\n"
			})
			if os.Getenv("UPDATE_DOCS") != "" {
				require.NoError(t, os.WriteFile(page, []byte(want), 0o644))
			}
			require.Equal(t, blocks, shown)
			require.Equal(t, shown, strings.Count(want, "```yaml\n")+strings.Count(want, "```dockerfile\n"), "each block names its file")
			require.Equal(t, want, string(text), "UPDATE_DOCS=1 go test ./e2e -run Pages writes the page")
		})
	}
}
