package cli

import (
	"runtime"
	"runtime/debug"
)

const modulePath = "github.com/go-downtime/downtime/cli"

// versionText is the version of this package in the binary, and what that was built with.
func (a *app) versionText() string {
	version := a.version
	if version == "" {
		version = "(unknown)"
		if info, ok := debug.ReadBuildInfo(); ok {
			version = moduleVersion(info)
		}
	}
	return version + " (" + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH + ")"
}

func moduleVersion(info *debug.BuildInfo) string {
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == modulePath && m.Version != "" {
			return m.Version
		}
	}
	return "(devel)"
}
