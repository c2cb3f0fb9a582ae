package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-downtime/downtime/store"
)

// stateHash says that there is a hash under the document's key, whose token the caller does not
// have.
const stateHash = "hash"

// Get reads the document from the primary, or only its token if the caller has the document.
// A missing document is [store.ErrLost]: the server cannot prove that there never was one.
func (s *Store) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	began := time.Now()
	r, err := s.run(ctx, readScript, []string{s.keys.document}, string(have), store.KeepRow.Microseconds())
	if err != nil {
		return store.Blob{}, err
	}
	if r.text(2) == stateHash {
		if r, err = s.document(ctx, r); err != nil {
			return store.Blob{}, err
		}
	}
	blob, err := s.blob(r, have)
	if blob.Token != "" {
		s.found(read{blob.Token, began})
	}
	return blob, err
}

// document adds token and bytes to a reply of the script read that lacks the bytes.
func (s *Store) document(ctx context.Context, r reply) (reply, error) {
	return call(ctx, s, func(ctx context.Context) (reply, error) {
		node, err := s.primary(ctx) // a cluster's client may send HMGET to a replica
		if err != nil {
			return nil, err
		}
		fields, err := node.HMGet(ctx, s.keys.document, "token", "document").Result()
		return append(r[:3:3], fields...), err
	})
}

// blob is the document in the reply of the script read.
func (s *Store) blob(r reply, have store.Token) (store.Blob, error) {
	now, err := r.time()
	if err != nil {
		return store.Blob{}, fmt.Errorf("%s: %w", s.name, err)
	}
	state := r.text(2)
	switch state {
	case "same":
		return store.Blob{Token: have, Now: now}, store.ErrUnchanged
	case stateHash:
		token, hasToken := r.lookup(3)
		document, hasDocument := r.lookup(4)
		if !hasToken || !hasDocument {
			state = "foreign"
			break
		}
		blob := store.Blob{Token: store.Token(token), Bytes: []byte(document), Now: now}
		if blob.Token == store.TokenOf(blob.Bytes) {
			return blob, nil
		}
		state = "tampered"
	}
	return store.Blob{Now: now}, s.fault(state)
}

// fault is the error for the state that a script found under the document's key.
func (s *Store) fault(state string) error {
	var err error
	switch state {
	case "none":
		err = fmt.Errorf("%w: no key %s: it was never written, or it was deleted, flushed or evicted (maxmemory-policy must be noeviction), or the server forgot it in a restart; downtime init begins a new document",
			store.ErrLost, s.keys.document)
	case "tampered":
		err = fmt.Errorf("%w: key %s: its fields token, document and check were not written together; restore them, or delete the key and run downtime init",
			store.ErrTampered, s.keys.document)
	case "foreign":
		err = fmt.Errorf("key %s is a hash without token or document: it belongs to another program and is left as it is", s.keys.document)
	default:
		err = fmt.Errorf("WRONGTYPE: key %s is a %s, want a hash: it belongs to another program and is left as it is", s.keys.document, state)
	}
	return fmt.Errorf("%s: %w", s.name, err)
}

// Swap replaces the document and announces it, or changes nothing. If there is no document
// and old is not empty, the error is [store.ErrConflict] and [store.ErrLost].
func (s *Store) Swap(ctx context.Context, old store.Token, next []byte) error {
	if err := store.CheckSize(next, store.MaxBytes); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	// A string is a copy: an abandoned call outlives this one.
	args := []any{string(old), string(store.TokenOf(next)), string(next), s.keys.changed}
	outcome, err := call(ctx, s, func(ctx context.Context) (string, error) { return s.swap(ctx, args) })
	switch {
	case err != nil:
		return err
	case outcome == "done":
		return nil
	case outcome == "conflict":
		return fmt.Errorf("%s: %w", s.name, store.ErrConflict)
	case outcome == "none":
		return fmt.Errorf("%w: %w", store.ErrConflict, s.fault(outcome))
	}
	return s.fault(outcome)
}

// once is a command that the client does not repeat by itself. Suppose that a Swap is carried
// out, its answer is lost, and another write follows: a repetition would be reported as a
// conflict, and the caller would make its change twice.
type once struct{ *redis.Cmd }

// NoRetry is for the client.
func (once) NoRetry() bool { return true }

// answered marks an error that the server answered: the script was refused, or failed before
// its only write.
func answered(err error) error {
	if _, ok := errors.AsType[redis.Error](err); ok {
		return store.NotWritten(err)
	}
	return err
}

func (s *Store) swap(ctx context.Context, args []any) (string, error) {
	cmd := once{redis.NewCmd(ctx, append([]any{"eval", swapSource, 1, s.keys.document}, args...)...)}
	if s.waitReplicas == 0 {
		_ = s.client.Process(ctx, cmd) // cmd has the error
		outcome, err := cmd.Text()
		return outcome, answered(readOnly(err))
	}
	// WAIT waits for the writes of its own connection: a pipeline uses one.
	node, err := s.primary(ctx)
	if err != nil {
		return "", err
	}
	var replicas *redis.Cmd
	_, _ = node.Pipelined(ctx, func(p redis.Pipeliner) error {
		_ = p.Process(ctx, cmd)
		replicas = p.Do(ctx, "WAIT", s.waitReplicas, s.waitTime.Milliseconds())
		return nil
	}) // each command has its own error
	outcome, err := cmd.Text()
	if err != nil || outcome != "done" {
		return outcome, answered(readOnly(err))
	}
	n, err := replicas.Int()
	if err != nil {
		return "", fmt.Errorf("%w: the primary has the write, but WAIT failed: %w", store.ErrUnconfirmed, err)
	}
	if n < s.waitReplicas {
		return "", fmt.Errorf("%w: the primary has the write, but only %d of %d replicas confirmed it within %v: a failover now may lose it", store.ErrUnconfirmed, n, s.waitReplicas, s.waitTime)
	}
	return outcome, nil
}

// primary is the client of the node that has the document.
func (s *Store) primary(ctx context.Context) (redis.Cmdable, error) {
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		return s.client, nil
	}
	node, err := cluster.MasterForKey(ctx, s.keys.document)
	if err == nil && node == nil {
		err = errors.New("the cluster has no primary for " + s.keys.document)
	}
	return node, err
}
