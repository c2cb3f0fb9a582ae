//go:build !race

package adaptertest

// Race tells whether the race detector is on, which allocates and drops pooled values.
const Race = false
