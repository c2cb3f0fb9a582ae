package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
)

// resultDryRun stands after RESULT where nothing was written.
const resultDryRun = "dry-run"

// dryStore reads from a store, and keeps what is written to itself: what a command says on
// it is what it would have said.
type dryStore struct {
	core.Store

	written *core.Document
}

func (d *dryStore) Load(ctx context.Context, have core.Mark) (core.State, error) {
	state, err := d.Store.Load(ctx, have)
	if d.written != nil {
		return core.State{Document: d.written, Mark: d.written.Mark(), Time: state.Time}, nil
	}
	return state, err
}

func (d *dryStore) Commit(_ context.Context, _ core.Mark, next *core.Document, _ core.Entry) error {
	_, err := next.Encode() // what the store would refuse
	if err == nil {
		d.written = next
	}
	return err
}

// onWritable is onStore for the commands that write: with --dry-run they do it to nothing.
func (a *app) onWritable(cmd *cobra.Command, do func(ctx context.Context, st core.Store) error) error {
	return a.onStore(cmd, func(ctx context.Context, st core.Store) error {
		if isDryRun(cmd) {
			st = &dryStore{Store: st}
		}
		return do(ctx, st)
	})
}

func isDryRun(cmd *cobra.Command) bool {
	dry, _ := cmd.Flags().GetBool("dry-run")
	return dry
}
