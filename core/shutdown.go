package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-downtime/downtime/store"
)

// CloseStreams closes [Gate.Closing], so that streams end, and does nothing else. Register it
// with the server. http.Server.Shutdown waits for event streams and long polls, and only this
// call ends them.
//
//	server.RegisterOnShutdown(gate.CloseStreams)
//
// A new stream then finds Closing closed. CloseStreams is idempotent and does not block.
func (g *Gate) CloseStreams() { g.follower.leave() }

// Shutdown ends the gate. Call it after the server's own Shutdown.
//
// It closes [Gate.Closing], so that streams end. It waits until no counted request runs, or until
// ctx ends. It does not wait for streams that were declared by [Stream]. A hijacked connection
// counts until its handler returns. Meanwhile the gate decides about new requests as before. Then
// the gate refuses every request but those for exempt paths, and Shutdown deletes this instance's
// row from the store.
// If counted requests still run when ctx ends, Shutdown returns an error that wraps the cause of
// ctx. The row then stays until its lease ends. It says that the instance is leaving and how
// many requests run. If the store fails, Shutdown tries for up to 5 s to delete the row, while ctx
// lasts.
//
// Shutdown is idempotent. It does not close the store.
func (g *Gate) Shutdown(ctx context.Context) error {
	f := g.follower
	f.leave()
	err := f.idle(ctx)
	f.handle(stop{})
	if err == nil {
		err = f.idle(ctx) // a request may have entered just before
	}
	f.stop()
	if err != nil {
		f.lastRow(ctx)
		return err
	}
	if err := f.gone.delete(ctx); err != nil && !errors.Is(err, store.ErrReadOnly) {
		f.set.log.LogAttrs(ctx, slog.LevelWarn, "not deregistered", slog.String("store", f.set.description), slog.Any("error", err))
	}
	return nil
}

// leave closes the channel of Closing.
func (f *follower) leave() {
	defer f.logs.flush(&f.mu)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.state.leaving {
		return
	}
	// First: advance may replace the snapshot, and install then leaves this channel alone.
	if s := f.current.Load(); s.open() {
		close(s.closing)
	}
	f.advanceLocked(leave{})
}

// idle waits until no counted request runs, or until ctx ends.
func (f *follower) idle(ctx context.Context) error {
	for wait := time.Millisecond; ; wait = min(2*wait, lastLook) {
		f.mu.Lock()
		c := f.countersLocked()
		f.mu.Unlock()
		running := c.inFlight + c.bypassed + c.exempt
		if running == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("downtime: shutdown: %d counted requests still run: %w", running, context.Cause(ctx))
		case <-time.After(wait):
		}
	}
}

// stop ends the timer, the subscription and the calls of the store. It wakes the callers that
// wait for a read.
func (f *follower) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cancel()
	if f.timer != nil {
		f.timer.Stop()
	}
	if f.gone.unsub != nil {
		f.gone.unsub()
	}
	for _, w := range f.waiters {
		w.done <- ErrShutdown
	}
	f.waiters = nil
}

// lastRow writes a row that says that the instance is leaving while requests still run.
func (f *follower) lastRow(ctx context.Context) {
	if f.gone.fleet == nil || f.gone.left.Load() {
		return
	}
	f.mu.Lock()
	f.state.row.seq++
	pace, _ := f.info()
	row := f.set.fillRow(f.row, &f.state, f.countersLocked(), pace)
	f.mu.Unlock()
	_, err := putRow(context.WithoutCancel(ctx), f.gone.fleet, row)
	if err != nil && !errors.Is(err, store.ErrReadOnly) {
		f.set.log.LogAttrs(ctx, slog.LevelWarn, "last report failed", slog.String("store", f.set.description), slog.Any("error", err))
	}
}
