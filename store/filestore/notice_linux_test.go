package filestore

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store"
)

// TestALinkOnTheWayIsNoticed: the document is in the directory of a release, and "current" leads to
// it. After the next release, the old process and the new one use different files.
func TestALinkOnTheWayIsNoticed(t *testing.T) {
	t.Parallel()
	app := t.TempDir()
	for _, release := range []string{"1", "2"} {
		require.NoError(t, os.MkdirAll(filepath.Join(app, "releases", release), 0o755))
	}
	current := filepath.Join(app, "current")
	require.NoError(t, os.Symlink("releases/1", current))
	path := filepath.Join(current, "d.json")
	old := logs(t, path)
	warning := "the path leads through the link " + current + " -> releases/1"
	require.Contains(t, old("store warning"), warning)

	st, err := New(path)
	require.NoError(t, err)
	require.Empty(t, st.Info().Warning, "nothing was read yet")
	_, err = operator.Operator{Store: st}.Start(t.Context(), operator.StartOptions{Holder: "ann"})
	require.NoError(t, err)
	require.Contains(t, st.Info().Warning, warning)
	require.Equal(t, 1, strings.Count(old("downtime: closed"), "store warning"), "it is logged once")

	require.NoError(t, os.Symlink("releases/2", current+".new"))
	require.NoError(t, os.Rename(current+".new", current))
	require.Contains(t, old("store lost"), "the path leads through the link "+current+" -> releases/2")
	require.Contains(t, logs(t, path)("store warning"), "the path leads through the link "+current+" -> releases/2")
}

func TestLinksOfTheSystemAreNoWarning(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]bool{"/var/run": true, "/home": true, "/srv/current": false, "/var/www/current": false} {
		require.Equal(t, want, isSystems(link), link)
	}
	st, _ := written(t)
	require.Empty(t, st.Info().Warning)
}

// TestAFileThatIsMountedAloneIsNoticed: a container gets the file and not its directory. The host
// writes by rename, which never arrives in the container.
func TestAFileThatIsMountedAloneIsNoticed(t *testing.T) {
	t.Parallel()
	host := newFile(t)
	_, err := operator.Operator{Store: host}.Init(t.Context(), operator.InitOptions{})
	require.NoError(t, err)
	inside := filepath.Join(t.TempDir(), "with a blank.json")
	require.NoError(t, os.WriteFile(inside, nil, 0o600))
	if err := syscall.Mount(host.path, inside, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("NOT TESTED, no mount is permitted here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(inside, syscall.MNT_DETACH)) })

	app := logs(t, inside)
	require.Contains(t, app("store warning"), "the file is mounted alone")
	st, err := New(inside)
	require.NoError(t, err)
	_, err = operator.Operator{Store: st}.Start(t.Context(), operator.StartOptions{Holder: "ann"})
	require.ErrorIs(t, err, store.ErrReadOnly)
	require.ErrorContains(t, err, "mount its directory instead")
	require.Contains(t, st.Info().Warning, "mount its directory instead")

	_, err = operator.Operator{Store: host}.Start(t.Context(), operator.StartOptions{Holder: "ann"})
	require.NoError(t, err)
	require.Contains(t, app("store lost"), "the file was replaced outside its mount")
	_, err = st.Get(t.Context(), "")
	require.ErrorIs(t, err, errReplaced)
	require.Contains(t, logs(t, inside)("store lost"), "the file was replaced outside its mount")
}
