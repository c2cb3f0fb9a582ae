package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
)

func (a *app) statusCommand() *cobra.Command {
	var asJSON, watch, exitCode bool
	cmd := &cobra.Command{
		Use:   "status [flags]",
		Short: "Is the site down, since when, until when, and because of what",
		Long: `Is the site down, since when, until when, because of what, and what is to come.

It says what the store says. An instance that cannot read the store, or that is overridden
by a file, by DOWNTIME or in its configuration, may do otherwise, and logs that.`,
		Example: a.examples("status", "status --exit-code && echo up", "status --json", "status --watch"),
		Args:    a.args(0, 0),
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "one JSON object; with --watch one per line")
	f.BoolVar(&watch, "watch", false, "show each change until interrupted")
	f.BoolVar(&exitCode, "exit-code", false, "exit with 0 if up, 10 if down, 1 if the store cannot be read")

	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		if watch && exitCode {
			return usagef("--watch and --exit-code: say one of them")
		}
		v, err := a.view(cmd)
		if err != nil {
			return err
		}
		if watch {
			return a.watch(cmd, v, asJSON, func(st core.Store) looker { return lookAtState(v, st, asJSON) })
		}
		return a.onStore(cmd, func(ctx context.Context, st core.Store) error {
			read, err := st.Load(ctx, core.Mark{})
			if err != nil {
				return err
			}
			s := found(st, read)
			if asJSON {
				err = writeJSON(cmd.OutOrStdout(), s.State(), true)
			} else {
				v.state(cmd.OutOrStdout(), s)
			}
			if err == nil && exitCode && s.Verdict().Down {
				return exit(ExitDown)
			}
			return err
		})
	})
}

func (a *app) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "The version of this command",
		Example: a.examples("version"),
		Args:    a.args(0, 0),
	}
	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		fmt.Fprintln(cmd.OutOrStdout(), a.name, safe(a.versionText()))
		return nil
	})
}
