package cli

import (
	"context"

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
