package protocol

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// edit replaces a part of one file that must occur in it exactly once.
type edit struct{ file, old, new string }

// edited returns the edited files by their paths, in this root.
func edited(t *testing.T, root string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, e := range edits {
		path := filepath.Join(root, filepath.FromSlash(e.file))
		if _, ok := texts[path]; !ok {
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			texts[path] = string(b)
		}
		require.Equal(t, 1, strings.Count(texts[path], e.old), "%s has changed: adapt the edit of\n%s", e.file, e.old)
		texts[path] = strings.Replace(texts[path], e.old, e.new, 1)
	}
	return texts
}

// build compiles the tests of this package with the edits, and returns the program.
func build(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	dir := t.TempDir()
	texts := edited(t, root)
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for path, text := range texts {
		if strings.Contains(text, "seam.") {
			text = strings.Replace(text, "\nimport ", "\nimport \""+module+"/e2e/protocol/seam\"\nimport ", 1)
		}
		file := filepath.Join(dir, strings.ReplaceAll(strings.TrimPrefix(path, root), string(filepath.Separator), "_"))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		overlay.Replace[path] = file
	}
	b, err := json.Marshal(overlay)
	require.NoError(t, err)
	list, program := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "protocol.test")
	require.NoError(t, os.WriteFile(list, b, 0o600))
	out, err := exec.Command("go", "test", "-c", "-overlay", list, "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return program
}
