// Package kubernetes checks docs/kubernetes.md and the manifests of examples/kubernetes. It does what
// a cluster does with the programs that they start: the probes, a rolling restart, the Jobs, the
// volumes and the mounted ConfigMap.
package kubernetes
