package kubernetes

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

const examples = "../../examples/kubernetes"

// types makes an empty object of each kind that the manifests use.
var types = map[string]func() any{
	"apps/v1 Deployment":            func() any { return new(appsv1.Deployment) },
	"batch/v1 Job":                  func() any { return new(batchv1.Job) },
	"policy/v1 PodDisruptionBudget": func() any { return new(policyv1.PodDisruptionBudget) },
	"v1 ConfigMap":                  func() any { return new(corev1.ConfigMap) },
	"v1 PersistentVolumeClaim":      func() any { return new(corev1.PersistentVolumeClaim) },
	"v1 Service":                    func() any { return new(corev1.Service) },
}

// decode decodes one object as an API server does with strict field validation: unknown fields,
// duplicate fields and fields in another case are errors.
func decode(manifest []byte) (any, error) {
	text, err := yaml.YAMLToJSONStrict(manifest)
	if err != nil {
		return nil, err
	}
	var kind metav1.TypeMeta
	if err := json.UnmarshalCaseSensitivePreserveInts(text, &kind); err != nil {
		return nil, err
	}
	empty, ok := types[kind.APIVersion+" "+kind.Kind]
	if !ok {
		return nil, fmt.Errorf("no type for %s %s", kind.APIVersion, kind.Kind)
	}
	object := empty()
	strict, err := json.UnmarshalStrict(text, object)
	if err == nil && len(strict) > 0 {
		err = strict[0]
	}
	return object, err
}

// objects decodes all objects of a file.
func objects(t *testing.T, path string) (all []any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(examples, path))
	require.NoError(t, err)
	for part := range bytes.SplitSeq(text, []byte("\n---\n")) {
		object, err := decode(part)
		require.NoError(t, err, "%s", path)
		all = append(all, object)
	}
	return all
}

// object is the first object of type T in a file.
func object[T any](t *testing.T, path string) T {
	t.Helper()
	for _, o := range objects(t, path) {
		if found, ok := o.(T); ok {
			return found
		}
	}
	require.FailNow(t, "no such object", "%s has no %T", path, *new(T))
	panic("unreachable")
}

// pods are the pod templates of all manifests, by file and name.
func pods(t *testing.T) map[string]corev1.PodSpec {
	t.Helper()
	all := map[string]corev1.PodSpec{}
	for _, path := range files(t) {
		for _, o := range objects(t, path) {
			switch o := o.(type) {
			case *appsv1.Deployment:
				require.Equal(t, o.Spec.Selector.MatchLabels, o.Spec.Template.Labels, path)
				all[path] = o.Spec.Template.Spec
			case *batchv1.Job:
				all[path] = o.Spec.Template.Spec
			}
		}
	}
	return all
}

// files are the manifests, relative to the directory of the example.
func files(t *testing.T) (paths []string) {
	t.Helper()
	for _, pattern := range []string{"*.yaml", "chart/templates/*.yaml"} {
		found, err := filepath.Glob(filepath.Join(examples, pattern))
		require.NoError(t, err)
		for _, path := range found {
			relative, err := filepath.Rel(examples, path)
			require.NoError(t, err)
			paths = append(paths, filepath.ToSlash(relative))
		}
	}
	require.Len(t, paths, 7)
	return paths
}

func TestManifestsDecodeStrictly(t *testing.T) {
	t.Parallel()
	for _, path := range files(t) {
		require.NotEmpty(t, objects(t, path), path)
	}
	const good = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
	_, err := decode([]byte(good))
	require.NoError(t, err)
	for name, c := range map[string]struct{ more, want string }{
		"an unknown field":        {"datas: {}\n", `unknown field "datas"`},
		"a duplicate field":       {"kind: ConfigMap\n", `key "kind" already set`},
		"a field in another case": {"Data: {}\n", `unknown field "Data"`},
		"a value of another type": {"data: {a: [1]}\n", "cannot unmarshal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := decode([]byte(good + c.more))
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err = decode([]byte("apiVersion: v2\nkind: ConfigMap\n"))
	require.ErrorContains(t, err, "no type for v2 ConfigMap")
}

// TestTheChartIsPlain checks that kubectl can apply the templates without helm.
func TestTheChartIsPlain(t *testing.T) {
	t.Parallel()
	for _, path := range files(t) {
		text, err := os.ReadFile(filepath.Join(examples, path))
		require.NoError(t, err)
		require.NotContains(t, string(text), "{{", path)
	}
	text, err := os.ReadFile(filepath.Join(examples, "chart", "Chart.yaml"))
	require.NoError(t, err)
	var chart struct {
		APIVersion                       string `json:"apiVersion"`
		Name, Description, Type, Version string
	}
	require.NoError(t, yaml.UnmarshalStrict(text, &chart))
	require.Equal(t, "v2", chart.APIVersion)
	require.NotEmpty(t, chart.Name)
	require.NotEmpty(t, chart.Version)
	for path, hook := range map[string]string{"chart/templates/init.yaml": "pre-install", "chart/templates/migration.yaml": "pre-upgrade"} {
		job := object[*batchv1.Job](t, path)
		require.Equal(t, hook, job.Annotations["helm.sh/hook"], path)
		require.Contains(t, job.Annotations["helm.sh/hook-delete-policy"], "before-hook-creation", path)
		require.Equal(t, corev1.RestartPolicyNever, job.Spec.Template.Spec.RestartPolicy, path)
	}
	require.Zero(t, *object[*batchv1.Job](t, "chart/templates/migration.yaml").Spec.BackoffLimit)
}

// TestPodsAreRestricted checks the pods by the rules of the Pod Security Standard "restricted".
func TestPodsAreRestricted(t *testing.T) {
	t.Parallel()
	all := pods(t)
	require.Len(t, all, 4)
	for path, pod := range all {
		require.True(t, *pod.SecurityContext.RunAsNonRoot, path)
		require.NotZero(t, *pod.SecurityContext.RunAsUser, path)
		require.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type, path)
		require.Len(t, pod.Containers, 1, path)
		c := pod.Containers[0].SecurityContext
		require.False(t, *c.AllowPrivilegeEscalation, path)
		require.True(t, *c.ReadOnlyRootFilesystem, path)
		require.Equal(t, []corev1.Capability{"ALL"}, c.Capabilities.Drop, path)
		for _, mount := range pod.Containers[0].VolumeMounts {
			require.Empty(t, mount.SubPath, "%s: a file that is mounted alone never changes", path)
		}
	}
}

// TestAStopHasTimeToEnd checks that the kubelet kills no container that still waits for requests.
func TestAStopHasTimeToEnd(t *testing.T) {
	t.Parallel()
	for path, pod := range pods(t) {
		c := pod.Containers[0]
		if c.Command[0] != "shop" {
			continue
		}
		grace := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second
		require.Greater(t, grace, pause(c)+stopOf(t, c), path)
	}
}

func TestARollingRestartKeepsAllReplicas(t *testing.T) {
	t.Parallel()
	d := object[*appsv1.Deployment](t, "chart/templates/deployment.yaml")
	require.Equal(t, int32(3), *d.Spec.Replicas)
	require.Equal(t, "0", d.Spec.Strategy.RollingUpdate.MaxUnavailable.String())
	require.Equal(t, "1", d.Spec.Strategy.RollingUpdate.MaxSurge.String())
	service := object[*corev1.Service](t, "chart/templates/service.yaml")
	budget := object[*policyv1.PodDisruptionBudget](t, "chart/templates/disruption.yaml")
	require.Equal(t, d.Spec.Template.Labels, service.Spec.Selector)
	require.Equal(t, d.Spec.Template.Labels, budget.Spec.Selector.MatchLabels)
	require.Equal(t, d.Spec.Template.Spec.Containers[0].Ports[0].Name, service.Spec.Ports[0].TargetPort.StrVal)
}

// pause is how long a container still serves after its pod was deleted.
func pause(c corev1.Container) time.Duration {
	if c.Lifecycle == nil {
		return 0
	}
	return time.Duration(c.Lifecycle.PreStop.Sleep.Seconds) * time.Second
}

// stopOf is the value of the flag -stop of a container.
func stopOf(t *testing.T, c corev1.Container) time.Duration {
	t.Helper()
	at := slices.IndexFunc(c.Args, func(arg string) bool { return len(arg) > 6 && arg[:6] == "-stop=" })
	require.GreaterOrEqual(t, at, 0, c.Args)
	f := flag.NewFlagSet("", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	stop := f.Duration("stop", 0, "")
	require.NoError(t, f.Parse(c.Args[at:at+1]))
	return *stop
}
