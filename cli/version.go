package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

const modulePath = "github.com/go-downtime/downtime/cli"

func (a *app) versionCommand() *cobra.Command {
	cmd := a.newCommand("version", "version", a.args(0, 0))
	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		fmt.Fprintln(cmd.OutOrStdout(), a.name, safe(a.versionText()))
		return nil
	})
}

// versionText is the version of this package in the binary, and that of Go.
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
