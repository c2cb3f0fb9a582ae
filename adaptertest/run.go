package adaptertest

import (
	"slices"
	"sync"
	"testing"
)

// Run runs all checks, each as a parallel subtest. Call it for each way to put the gate into the
// framework. It takes a few seconds; with -short it sends fewer spellings of paths.
func Run(t *testing.T, build Build) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(advised{TB: t, advice: c.advice, given: &sync.Once{}}, build)
		})
	}
}

// RunPaths runs only the last check of [Run], that unusual spellings of paths reach no handler that is not
// exempt. Call it for further configurations of the router, such as middleware that cleans paths. The site
// has a gate, and needs no front.
func RunPaths(t *testing.T, build Build) {
	t.Helper()
	pathCheck.run(advised{TB: t, advice: pathCheck.advice, given: &sync.Once{}}, build)
}

var checks = slices.Concat(tableChecks, bodyChecks, writerChecks, countingChecks, []check{rewritingCheck, pathCheck})
