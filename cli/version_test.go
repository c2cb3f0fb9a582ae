package cli

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestModuleVersionIsThisModules(t *testing.T) {
	t.Parallel()
	main := debug.Module{Path: "example.org/app", Version: "v3.0.0"}
	self := &debug.Module{Path: modulePath, Version: "v0.1.0"}
	require.Equal(t, "v0.1.0", moduleVersion(&debug.BuildInfo{Main: main, Deps: []*debug.Module{{Path: "x", Version: "v1.0.0"}, self}}))
	require.Equal(t, "v0.1.0", moduleVersion(&debug.BuildInfo{Main: *self}))
	require.Equal(t, "(devel)", moduleVersion(&debug.BuildInfo{Main: main}))
}
