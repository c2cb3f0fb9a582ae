package core

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
)

// Stream declares that the request of ctx is a stream, such as a WebSocket or an event stream. The
// gate then counts it under name in [Status].Streams, and no longer as a request: no drain and no
// Shutdown waits for it. The stream watches [Gate.Closing] and ends itself. It ends when its
// handler returns and all work has ended that it began with [Gate.Go].
//
// A stream must not write to the database by itself, because no drain waits for it. For each
// message it calls [Gate.Enter] with a nil request.
//
// Stream returns an error if ctx carries no ticket of a running request. A drain then waits for
// the request as for any other. Requests for another protocol carry their ticket. With
// [Config].CarryTickets, all requests do. A second call for one request has no effect.
//
// name is one of a few constants of the program. "" counts as "unnamed". A name is cut after 40
// bytes. Streams beyond the first 16 names count as "other".
func Stream(ctx context.Context, name string) error {
	switch s := shareIn(ctx); {
	case s == nil:
		return errors.New("downtime: Stream: the context carries no ticket, so the stream counts as a request: set Config.CarryTickets, and pass the request's own context")
	case !s.declare(name):
		return errors.New("downtime: Stream: the request has ended: call Stream before its handler returns")
	}
	return nil
}

const (
	maxStreams    = 16 // names, because a row has a limited size
	maxStreamName = 40
	otherStreams  = "other"
)

// streams counts running streams by name.
type streams struct {
	mu    sync.Mutex
	count map[string]int64
}

// add adds n to the streams of name, and returns the name under which they count.
func (s *streams) add(name string, n int64) string {
	name = cmp.Or(name, "unnamed")
	name = strings.ToValidUTF8(name[:min(len(name), maxStreamName)], "")
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.count[name]; !known && len(s.count) >= maxStreams {
		name = otherStreams
	}
	if s.count == nil {
		s.count = map[string]int64{}
	}
	if s.count[name] += n; s.count[name] == 0 {
		delete(s.count, name)
	}
	return name
}

// running returns a copy of the counts; nil if no stream runs.
func (s *streams) running() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.count) == 0 {
		return nil
	}
	return maps.Clone(s.count)
}
