package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-downtime/downtime/operator"
	"github.com/spf13/cobra"
)

func (a *app) followersCommand() *cobra.Command {
	cmd := a.newCommand("events-followers", "followers [flags]", a.args(0, 0))
	jsonFlag(cmd, "one JSON object")
	return a.finishOnStore(cmd, func(ctx context.Context, s session, _ []string) error {
		all, state, err := s.op.Followers(ctx)
		if err != nil {
			return err
		}
		out := followersJSON{Store: s.op.Store.Info().Name, Revision: state.Document.Mark().Revision, Followers: []followerJSON{}}
		for _, f := range all {
			out.Followers = append(out.Followers, followerJSON{f.Name, f.Live, f.Row.Host, f.Row.PID, f.Revision, f.At})
		}
		return s.print(out, func(w io.Writer) { s.followers(w, out) })
	})
}

type followersJSON struct {
	Store     string         `json:"store"`
	Revision  int64          `json:"revision"`
	Followers []followerJSON `json:"followers"`
}

type followerJSON struct {
	Name     string    `json:"name"`
	Live     bool      `json:"live"`
	Host     string    `json:"host,omitzero"`
	PID      int       `json:"pid,omitzero"`
	Revision int64     `json:"revision"`
	At       time.Time `json:"at"`
}

func (v view) followers(w io.Writer, found followersJSON) {
	if len(found.Followers) == 0 {
		fmt.Fprintln(w, "no followers in "+safe(found.Store)+"; downtime delivers events to no receiver")
		return
	}
	table := newTable(w, "NAME", "STATE", "PROCESS", "REVISION", "POSITION")
	for _, f := range found.Followers {
		state, process := "stopped", ""
		if f.Live {
			state = "live"
		}
		if f.PID != 0 {
			process = fmt.Sprintf("%d on %s", f.PID, safe(f.Host))
		}
		table.row(f.Name, state, process, fmt.Sprintf("%d of %d", f.Revision, found.Revision), clock(f.At.Truncate(time.Second), v.loc))
	}
	table.flush()
}

func (a *app) unfollowCommand() *cobra.Command {
	cmd := a.newCommand("events-forget", "forget NAME [flags]", a.args(1, 1))
	cmd.ValidArgsFunction = a.completeFollowers
	cmd.Flags().Bool("force", false, "write although a live instance reports that it cannot read the change")
	return a.finishOnStore(cmd, func(ctx context.Context, s session, args []string) error {
		if err := s.op.Unfollow(ctx, args[0]); err != nil {
			if errors.Is(err, operator.ErrFollowed) {
				return fmt.Errorf("%w: stop it first", err)
			}
			return err
		}
		fmt.Fprintf(s.out, label, "forgotten", safe(args[0]))
		return nil
	})
}

// completeFollowers completes the names of followers.
func (a *app) completeFollowers(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var out []cobra.Completion
	err := a.onStore(cmd, func(ctx context.Context, s session) error {
		all, _, err := s.op.Followers(ctx)
		for _, f := range all {
			out = append(out, cobra.CompletionWithDesc(f.Name, fmt.Sprintf("at revision %d", f.Revision)))
		}
		return err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
