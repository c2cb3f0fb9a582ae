package cli

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/internal/wire"
)

// completeIDs completes the ids of periods that want accepts by their status.
func (a *app) completeIDs(want func(status string) bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var out []cobra.Completion
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		err := a.onStore(cmd, func(ctx context.Context, s session) error {
			found, err := s.read(ctx)
			for _, p := range found.Periods() {
				if status := wire.StatusOf(p, found.Time); want(status) {
					out = append(out, cobra.CompletionWithDesc(p.ID, status+" "+safe(shorten(p.Reason, 40))))
				}
			}
			return err
		})
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeStores completes the schemes of a store's URL, and files.
func (a *app) completeStores(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var out []cobra.Completion
	for _, scheme := range slices.Sorted(maps.Keys(a.schemes)) {
		if form := a.schemes[scheme].form; form != "" && strings.HasPrefix(scheme, begun) {
			out = append(out, cobra.CompletionWithDesc(scheme+":", form))
		}
	}
	return out, cobra.ShellCompDirectiveNoSpace
}

// zoneDirs are where systems keep their time zones.
var zoneDirs = []string{"/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"}

// completeZones completes the names of time zones that this machine has.
func completeZones(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return zonesIn(zoneDirs, begun), cobra.ShellCompDirectiveNoFileComp
}

func zonesIn(dirs []string, begun string) []string {
	out := []string{"UTC"}
	for _, dir := range dirs {
		_ = fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
			base := path.Base(name)
			isZone := base[0] >= 'A' && base[0] <= 'Z' && !strings.Contains(base, ".")
			switch {
			case err != nil, d.IsDir() && !isZone && name != ".":
				return fs.SkipDir // a directory that cannot be read, or has no zones
			case !d.IsDir() && isZone && name != "Factory":
				out = append(out, name)
			}
			return nil
		})
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(name string) bool { return !strings.HasPrefix(name, begun) })
}
