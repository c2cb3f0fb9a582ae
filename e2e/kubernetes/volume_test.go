package kubernetes

import (
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
)

// TestTheVolume runs the shop and the command on a file, as the user and with the groups that the
// manifest gives them. The file is in a volume as fsGroup prepares it, and in one that every user
// can write, such as an emptyDir or a volume of kind and k3s.
func TestTheVolume(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can act as several users: run this test as root")
	}
	spec := object[*appsv1.Deployment](t, "single.yaml").Spec.Template.Spec
	sc := spec.SecurityContext
	user := func() *syscall.Credential {
		group := uint32(*sc.FSGroup)
		return &syscall.Credential{Uid: uint32(*sc.RunAsUser), Gid: uint32(*sc.RunAsGroup), Groups: []uint32{group}}
	}
	of := spec.Containers[0]
	const mountPath, path = "/var/lib/shop", "/downtime/state.json"
	require.Equal(t, mountPath, of.VolumeMounts[0].MountPath)
	for _, v := range of.Env {
		require.Equal(t, "file:"+mountPath+path, v.Value, v.Name)
	}
	for name, c := range map[string]struct {
		group   int
		mode    os.FileMode
		path    string
		refused bool
	}{
		"a volume with fsGroup":                             {group: int(*sc.FSGroup), mode: 0o775 | os.ModeSetgid, path: path},
		"a volume that every user can write":                {mode: 0o777, path: path},
		"a file directly in one that every user can write":  {mode: 0o777, path: "/state.json", refused: true},
		"an emptyDir with fsGroup":                          {group: int(*sc.FSGroup), mode: 0o777 | os.ModeSetgid, path: path},
		"a file directly in an emptyDir, also with fsGroup": {group: int(*sc.FSGroup), mode: 0o777 | os.ModeSetgid, path: "/state.json", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newCluster(t)
			k.user = user()
			volume := t.TempDir()
			require.NoError(t, os.Chmod(filepath.Dir(volume), 0o755)) // of the test
			require.NoError(t, os.Chown(volume, 0, c.group))
			require.NoError(t, os.Chmod(volume, c.mode))
			of := *of.DeepCopy()
			for n := range of.Env {
				of.Env[n].Value = "file:" + volume + c.path
			}
			command := of
			command.Command, command.Args = []string{"downtime"}, nil
			if c.refused {
				code, said := run(t, k.command(t, command, "start", "--no-wait"))
				require.Equal(t, 1, code, said)
				require.Contains(t, said, "every user of this system can write in the directory "+volume)
				return
			}
			p := k.launch(t, of)
			require.Equal(t, http.StatusOK, p.get(t, "/"))
			code, said := run(t, k.command(t, command, "start", "--no-wait"))
			require.Zero(t, code, said)
			p.until(t, "/", http.StatusServiceUnavailable)
			code, said = run(t, k.command(t, command, "end", "--wait=10s"))
			require.Zero(t, code, said)
			require.Equal(t, http.StatusOK, p.get(t, "/"))
			require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
			require.NoError(t, p.cmd.Wait())
		})
	}
}
