package kubernetes

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// TestTheOverrideAndTheProbes mounts the ConfigMap as the kubelet does. The override takes every
// instance down, and each probe of the manifest still passes. Without the ConfigMap the shop is up
// again.
func TestTheOverrideAndTheProbes(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.secrets["gate"] = "file:" + filepath.Join(t.TempDir(), "state.json")
	d := object[*appsv1.Deployment](t, "chart/templates/deployment.yaml")
	of := d.Spec.Template.Spec.Containers[0]
	mount := of.VolumeMounts[0]
	volume := d.Spec.Template.Spec.Volumes[0]
	require.Equal(t, "/etc/downtime", mount.MountPath)
	require.Equal(t, volume.Name, mount.Name)
	require.True(t, *volume.ConfigMap.Optional)
	override := object[*corev1.ConfigMap](t, "override.yaml")
	require.Equal(t, override.Name, volume.ConfigMap.Name)

	p := c.launch(t, of)
	require.Equal(t, http.StatusOK, p.get(t, "/"))
	c.mount(t, override.Data)
	p.until(t, "/", http.StatusServiceUnavailable)
	for _, probe := range []*corev1.Probe{of.StartupProbe, of.LivenessProbe, of.ReadinessProbe} {
		require.Equal(t, of.Ports[0].Name, probe.HTTPGet.Port.StrVal)
		require.Equal(t, http.StatusOK, p.get(t, probe.HTTPGet.Path), probe.HTTPGet.Path)
	}
	require.Equal(t, http.StatusServiceUnavailable, p.get(t, "/checkout"))
	c.mount(t, nil)
	p.until(t, "/", http.StatusOK)
}

// mount writes the files of a ConfigMap: links to files in a directory that a rename replaces.
func (c *cluster) mount(t *testing.T, data map[string]string) {
	t.Helper()
	dir := filepath.Join(c.etc, fmt.Sprintf("..%d", len(data)))
	require.NoError(t, os.Mkdir(dir, 0o755))
	for name, text := range data {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
		require.NoError(t, os.Symlink(filepath.Join("..data", name), filepath.Join(c.etc, name)))
	}
	link := filepath.Join(c.etc, "..data_tmp")
	require.NoError(t, os.Symlink(filepath.Base(dir), link))
	require.NoError(t, os.Rename(link, filepath.Join(c.etc, "..data")))
	if data == nil { // the kubelet removes the links last
		require.NoError(t, os.Remove(filepath.Join(c.etc, "override")))
	}
}

// until asks again and again, until the answer has the status.
func (p *pod) until(t *testing.T, path string, status int) {
	t.Helper()
	for p.get(t, path) != status {
		require.NoError(t, t.Context().Err())
	}
}
