package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTags releases a version in a clone: tools/version, a commit, and tools/tag.
func TestTags(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("it needs bash")
	}
	if _, err := os.Stat("../.git"); err != nil {
		t.Skip("it needs the git repository")
	}
	const version = "v1.98.7"
	clone := filepath.Join(t.TempDir(), "clone")
	in := func(name string, args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = clone
		cmd.Env = append(os.Environ(), "GOWORK=", "GOFLAGS=", "GIT_CONFIG_GLOBAL=/dev/null",
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	must := func(name string, args ...string) string {
		out, err := in(name, args...)
		require.NoError(t, err, out)
		return out
	}
	refuses := func(want string) {
		out, err := in("tools/tag", version)
		require.Error(t, err)
		require.Contains(t, out, want)
	}
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	out, err := exec.CommandContext(t.Context(), "git", "clone", "--quiet", "--no-tags", root, clone).CombinedOutput()
	require.NoError(t, err, string(out))
	for _, script := range []string{"tools/tag", "tools/version", "tools/modules"} { // also if they are not committed yet
		text, err := os.ReadFile(filepath.Join(root, script))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(clone, script), text, 0o755))
	}
	must("git", "add", "-A")
	must("git", "commit", "--quiet", "--allow-empty", "-m", "scripts")

	refuses(`CHANGELOG.md has no section "## [1.98.7]"`)
	log, err := os.ReadFile(filepath.Join(clone, "CHANGELOG.md"))
	require.NoError(t, err)
	require.Contains(t, string(log), "\n## [Unreleased]\n")
	require.NoError(t, os.WriteFile(filepath.Join(clone, "CHANGELOG.md"), []byte(strings.Replace(string(log), "\n## [Unreleased]\n", "\n## [Unreleased]\n\n## [1.98.7]\n", 1)), 0o644))
	refuses("the work tree has changes")
	must("git", "commit", "--quiet", "-am", "changelog")
	refuses("run tools/version " + version)
	must("tools/version", version)
	must("go", "list", "./...", "./cmd/downtime") // the workspace still finds every module
	must("git", "commit", "--quiet", "-am", "version")

	printed := must("tools/tag", version)
	require.Empty(t, must("git", "tag", "--list"), "it only prints")
	require.Equal(t, printed, must("tools/tag", version, "--create"))
	tags := strings.Fields(must("git", "tag", "--list"))
	modules := []string{}
	for dir := range strings.FieldsSeq(must("tools/modules")) {
		if dir == "." {
			modules = append(modules, version)
		} else if dir != "e2e" && !strings.HasPrefix(dir, "examples/") {
			modules = append(modules, dir+"/"+version)
		}
	}
	require.ElementsMatch(t, modules, tags)
	require.Subset(t, tags, []string{version, "cmd/downtime/" + version, "store/pgstore/" + version})
	for _, tag := range tags {
		require.Equal(t, "tag\n", must("git", "cat-file", "-t", tag), "annotated")
		require.Equal(t, must("git", "rev-parse", "HEAD"), must("git", "rev-parse", tag+"^{commit}"))
	}
	require.True(t, strings.HasSuffix(printed, "\n"), printed)
	refuses("exists")
	must("git", "push", "--quiet", "--dry-run", "--atomic", "origin", tags[0])
}
