package protocol

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/cli"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

// closes takes the site down and waits, as Start and Wait of package operator do. It returns the
// result and the period.
func (w *world) closes(op operator.Operator, limit time.Duration, accept time.Duration) (operator.Safety, string) {
	ctx := w.t.Context()
	w.say("%s takes the site down", op.Actor)
	res, err := op.Start(ctx, operator.StartOptions{})
	require.NoError(w.t, err)
	b := res.Barrier()
	b.AcceptSilent = accept
	return w.waits(op, b, limit), res.Period.ID
}

// waits is a coordinator that waits for a write.
func (w *world) waits(op operator.Operator, b operator.Barrier, limit time.Duration) operator.Safety {
	j, err := op.Wait(w.t.Context(), b, operator.WaitOptions{Limit: limit})
	require.NoError(w.t, err)
	w.judged(op, j, b)
	return j.Result
}

func (w *world) judged(op operator.Operator, j operator.Judgment, b operator.Barrier) {
	if j.Result != operator.Safe && j.Result != operator.Presumed {
		w.say("%s: %s", op.Actor, j.Summary())
		return
	}
	c := &claim{
		period: b.Period.ID, suspended: b.Period.Bypass == period.Suspended, presumed: j.Result == operator.Presumed,
		accepted: map[string]bool{}, byPolicy: map[string]bool{},
	}
	for _, i := range j.Accepted() {
		switch {
		case strings.Contains(i.Why, "by its policy"):
			c.byPolicy[i.ID] = true
		case strings.Contains(i.Why, "was silent before the write") && i.Lease.Add(b.AcceptSilent).After(b.Read):
			w.breaks("I1: accepts an instance as silent that was not silent before the write")
		default:
			c.accepted[i.ID] = true
		}
	}
	l := op.Store.(*link)
	w.declares(c, l.listed)
}

// commands takes the site down with the command.
func (w *world) commands(op operator.Operator, limit time.Duration) (operator.Safety, string) {
	var out, errs bytes.Buffer
	w.say("the command takes the site down")
	code := cli.Main(w.t.Context(), []string{"start", "--json", "--wait", limit.String(), "--actor", op.Actor}, nil, &out, &errs, cli.WithStore(op.Store))
	var answer struct {
		Period  struct{ ID string }
		Barrier struct {
			Result   operator.Safety
			Accepted []struct{ ID, Why string }
		}
	}
	require.NoError(w.t, json.Unmarshal(out.Bytes(), &answer), "%d: %s%s", code, out.String(), errs.String())
	result := answer.Barrier.Result
	if require.Contains(w.t, []operator.Safety{operator.Safe, operator.Presumed, operator.NotDrained, operator.Superseded}, result); result == operator.Safe || result == operator.Presumed {
		c := &claim{period: answer.Period.ID, presumed: code != 0, accepted: map[string]bool{}}
		for _, i := range answer.Barrier.Accepted {
			c.accepted[i.ID] = true
		}
		w.declares(c, op.Store.(*link).listed)
	}
	return result, answer.Period.ID
}

// reopens ends a period.
func (w *world) reopens(op operator.Operator, id string) {
	w.ends(id)
	_, err := op.End(w.t.Context(), operator.EndOptions{ID: id})
	if err != nil {
		require.ErrorIs(w.t, err, operator.ErrNothingToEnd)
	}
}

// runs is a run of the holder whose work takes this time. It may hold requests.
func (w *world) runs(op operator.Operator, holder string, hold, work time.Duration) error {
	var barrier operator.Barrier
	id := ""
	opts := operator.RunOptions{Holder: holder, Hold: hold, Begun: func(r operator.Run) {
		id, barrier = r.ID, operator.Barrier{Period: r.Period}
	}}
	run, err := op.During(w.t.Context(), opts, func(context.Context) error {
		w.begins(id, holder)
		w.declares(&claim{period: barrier.Period.ID, suspended: true}, op.Store.(*link).listed)
		sleep(work)
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.doing, id)
		for _, c := range w.claims {
			c.over = c.over || c.period == barrier.Period.ID && c.suspended && len(w.doing) == 0
		}
		return nil
	})
	w.say("run %s of %s, period %s: %v", run.ID, op.Actor, run.Period.ID, err)
	return err
}

// begins is called when the work of a run begins: I9.
func (w *world) begins(id, holder string) {
	w.watchRows()
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	for other, of := range w.doing {
		if r := w.rows[other]; of == holder && r.Bytes != nil && r.Lease.After(now) {
			w.breaksLocked("I9: run %s of %s begins while the lease of run %s is live", id, holder, other)
		}
	}
	w.doing[id] = holder
}

// isRefused reports whether a run was refused or has lost its period.
func isRefused(err error) bool {
	return errors.Is(err, operator.ErrRunning) || errors.Is(err, operator.ErrTakenOver)
}
