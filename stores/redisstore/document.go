package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-downtime/downtime/core"
)

// waitTime is how long replicas may take to confirm a write.
const waitTime = time.Second

// Load reads the document from the primary, or only compares marks if the caller has it.
// [core.ErrLost] if there is none: it was never written, or was deleted, flushed or evicted,
// and nobody can tell which. Something else under its key is an error. Time is the
// server's.
func (s *Store) Load(ctx context.Context, have core.Mark) (core.State, error) {
	asked := args(have)
	if have.Tag != "" { // not one of ours
		asked = args(core.Mark{})
	}
	r, err := s.run(ctx, loadScript, []string{s.keys.document}, asked...)
	if err != nil {
		return core.State{}, err
	}
	state, err := s.state(r, have)
	if errors.Is(err, core.ErrUnchanged) {
		return state, err
	}
	if err != nil {
		return state, fmt.Errorf("%s: %w", s.name, err)
	}
	if have != (core.Mark{}) {
		s.found(state.Mark)
	}
	return state, nil
}

// state is what a script's reply says: the time, what is under the key, mark, document.
func (s *Store) state(r reply, have core.Mark) (core.State, error) {
	now, err := r.time()
	if err != nil {
		return core.State{}, err
	}
	state := core.State{Time: now}
	switch kind, _ := r.text(2); kind {
	case "same":
		state.Mark = have
		return state, core.ErrUnchanged
	case "hash":
	default:
		return state, s.misplaced(kind)
	}
	mark, ok := r.mark(3)
	text, there := r.text(6)
	if !ok || !there {
		return state, s.misplaced("foreign")
	}
	doc, err := core.DecodeDocument([]byte(text))
	if err != nil {
		return state, fmt.Errorf("field document of key %s: %w", s.keys.document, err)
	}
	if doc.Mark() != mark {
		return state, fmt.Errorf("key %s: its fields are those of revision %d (%s), its document is revision %d (%s): somebody edited one of them; put back the one that is right",
			s.keys.document, mark.Revision, mark.WriteID, doc.Revision, doc.WriteID)
	}
	state.Document, state.Mark = doc, mark
	return state, nil
}

// misplaced is the error for what was found under the document's key.
func (s *Store) misplaced(kind string) error {
	switch kind {
	case "none":
		return fmt.Errorf("%w: no key %s: it was never initialised, or it was deleted, flushed or evicted (maxmemory-policy must be noeviction), or the server forgot it in a restart; downtime init begins a new document",
			core.ErrLost, s.keys.document)
	case "foreign":
		return fmt.Errorf("key %s is a hash without store_id, revision, write_id or document: not one of ours; it is left as it is", s.keys.document)
	}
	return fmt.Errorf("WRONGTYPE: key %s is a %s, want a hash: not one of ours; it is left as it is", s.keys.document, kind)
}

// Commit writes next over base, and entry with it, and tells the subscribers, or changes
// nothing. See
// [Options.WaitReplicas] for what is confirmed, and the package for what a failover can
// lose.
func (s *Store) Commit(ctx context.Context, base core.Mark, next *core.Document, entry core.Entry) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	text, err := next.Encode()
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	mark := next.Mark()
	if mark.StoreID == "" || mark.Revision < 1 || mark.WriteID == "" {
		return fmt.Errorf("%s: the document has no store_id, revision or write_id; make it with the operator functions of core", s.name)
	}
	if base.Tag != "" {
		return fmt.Errorf("%s: %w", s.name, core.ErrConflict)
	}
	var line []byte
	if !entry.IsZero() {
		if line, err = core.EncodeEntry(entry); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	values := append(append(args(base), args(mark)...), text, s.keys.changed, line, logSize)
	outcome, err := call(ctx, s, func(ctx context.Context) (string, error) { return s.write(ctx, values) })
	switch {
	case err != nil:
		return readOnly(err)
	case outcome == "done":
		return nil
	case outcome == "conflict":
		return fmt.Errorf("%s: %w", s.name, core.ErrConflict)
	}
	if kind, ok := strings.CutPrefix(outcome, "log "); ok {
		return fmt.Errorf("%s: not written: %w", s.name, s.noLog(kind))
	}
	return fmt.Errorf("%s: %w", s.name, s.misplaced(outcome))
}

func (s *Store) write(ctx context.Context, values []any) (string, error) {
	keys := []string{s.keys.document, s.keys.log}
	if s.waitReplicas == 0 {
		return commitScript.Run(ctx, s.client, keys, values...).Text()
	}
	// WAIT is about the writes of its own connection: both go down one, in one pipeline.
	node, err := s.primary(ctx)
	if err != nil {
		return "", err
	}
	var outcome, replicas *redis.Cmd
	_, _ = node.Pipelined(ctx, func(p redis.Pipeliner) error {
		outcome = commitScript.Eval(ctx, p, keys, values...)
		replicas = p.Do(ctx, "WAIT", s.waitReplicas, waitTime.Milliseconds())
		return nil
	}) // each command has its own error
	if outcome.Err() != nil {
		return "", outcome.Err()
	}
	if text, err := outcome.Text(); err != nil || text != "done" {
		return text, err
	}
	n, err := replicas.Int()
	if err != nil {
		return "", fmt.Errorf("%w: written to the primary, and then: %w", core.ErrUnconfirmed, err)
	}
	if n < s.waitReplicas {
		return "", fmt.Errorf("%w: written to the primary, but only %d of %d replicas confirmed it within %v: a failover now may lose it", core.ErrUnconfirmed, n, s.waitReplicas, waitTime)
	}
	return "done", nil
}

// primary is the client of the one node that has our keys.
func (s *Store) primary(ctx context.Context) (redis.Cmdable, error) {
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		node, err := cluster.MasterForKey(ctx, s.keys.document)
		if err != nil {
			return nil, err
		}
		if node == nil {
			return nil, errors.New("the cluster has no primary for " + s.keys.document)
		}
		return node, nil
	}
	return s.client, nil
}
