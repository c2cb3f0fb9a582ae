package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

func (a *app) statusCommand() *cobra.Command {
	var watch, exitCode bool
	cmd := &cobra.Command{
		Use:   "status [flags]",
		Short: "Is the site down, since when, until when, and because of what",
		Long: `Is the site down, since when, until when, because of what, and what is to come.

The answer is the content of the store. An instance that cannot read the store, or that is
overridden by a file, by DOWNTIME or in its configuration, may differ, and logs that.`,
		Example: a.examples("status", "status --exit-code && echo up", "status --json", "status --watch"),
		Args:    a.args(0, 0),
	}
	f := cmd.Flags()
	f.BoolVar(&watch, "watch", false, "show each change until interrupted")
	f.BoolVar(&exitCode, "exit-code", false, "exit with 0 if up, 10 if down, 1 if the store cannot be read")
	jsonFlag(cmd, "one JSON object; with --watch one per line")

	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error {
		if watch && exitCode {
			return usagef("--watch and --exit-code: say one of them")
		}
		if watch {
			return a.watch(cmd, lookAtState)
		}
		return a.onStore(cmd, func(ctx context.Context, s session) error {
			found, err := s.read(ctx)
			if err != nil {
				return err
			}
			err = s.print(found.JSON(), func(w io.Writer) { s.state(w, found) })
			if err == nil && exitCode && found.Verdict().Down {
				return exit(ExitDown)
			}
			return err
		})
	})
}

// lookAtState is what status --watch shows. It reads the document only after a change.
func lookAtState(s session) looker {
	var last operator.Judgment
	return func(ctx context.Context) (look, error) {
		blob, err := s.op.Store.Get(ctx, last.Token)
		if errors.Is(err, store.ErrUnchanged) {
			last.Time = period.Canonical(blob.Now)
		} else {
			last = operator.Judge(store.Rowset{Blob: blob}, err, "")
		}
		if last.Err != nil {
			return look{}, last.Err
		}
		found := wire.Read(s.op.Store, last.State)
		var in []string
		for _, p := range found.InForce() {
			in = append(in, p.ID, strconv.FormatBool(p.Overdue(found.Time)))
		}
		return look{
			news: fmt.Sprint(found.Token, in, found.Verdict().Overdue(found.Time)),
			json: found.JSON(),
			text: func(w io.Writer) { s.state(w, found) },
		}, nil
	}
}
