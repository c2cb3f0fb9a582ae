package cutover

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/e2e/internal/load"
)

const (
	every     = 10 * time.Millisecond // between two visits
	slowEvery = 50                    // one visit of so many is a slow order at the first instance
)

// visitors send requests over HTTP/1 connections that they keep, and try nothing again.
type visitors struct {
	client *http.Client
	sent   atomic.Int64 // numbers the orders
	served atomic.Int64

	mu       sync.Mutex
	shops    []string       // addresses
	running  map[string]int // visits at each
	ended    *sync.Cond     // a visit has
	acked    []string       // keys of orders that were acknowledged
	failures []string
	longest  time.Duration // of a visit
}

func newVisitors(t *testing.T, instances ...*instance) *visitors {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 1000, IdleConnTimeout: 10 * time.Second}
	t.Cleanup(transport.CloseIdleConnections)
	v := &visitors{client: &http.Client{Transport: transport}, running: map[string]int{}}
	v.ended = sync.NewCond(&v.mu)
	for _, i := range instances {
		v.shops = append(v.shops, i.addr)
	}
	return v
}

// visit is one request: an order or a look at an order that was acknowledged before.
func (v *visitors) visit(ctx context.Context, n int) {
	v.mu.Lock()
	shop := v.shops[n/2%len(v.shops)]
	key := ""
	if n%2 == 1 && len(v.acked) > 0 {
		key = v.acked[rand.IntN(len(v.acked))]
	}
	slow := n%slowEvery == 0
	if slow {
		shop = v.shops[0]
	}
	v.running[shop]++
	v.mu.Unlock()
	begun := time.Now()
	var err error
	if key != "" {
		err = v.do(ctx, http.MethodGet, "http://"+shop+"/orders/"+key, "", http.StatusOK, item(key))
	} else {
		err = v.order(ctx, shop, slow)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.longest = max(v.longest, time.Since(begun))
	v.running[shop]--
	v.ended.Broadcast()
	if err != nil {
		v.failures = append(v.failures, err.Error())
	} else {
		v.served.Add(1)
	}
}

// replace sends later visits to another instance, and waits until no visit runs at the old one.
func (v *visitors) replace(old, by *instance) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.shops[slices.Index(v.shops, old.addr)] = by.addr
	for v.running[old.addr] > 0 {
		v.ended.Wait()
	}
}

// order sends a new order. A slow one takes a second.
func (v *visitors) order(ctx context.Context, shop string, slow bool) error {
	key := strconv.FormatInt(v.sent.Add(1), 10)
	url := "http://" + shop + "/orders/" + key
	if slow {
		url += "?slow=yes"
	}
	err := v.do(ctx, http.MethodPost, url, item(key), http.StatusCreated, "")
	if err == nil {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.acked = append(v.acked, key)
	}
	return err
}

// item is what the order with this key orders.
func item(key string) string { return strings.Repeat("item "+key+" ", 20) }

// do sends one request, and returns an error unless it gets this answer by the first attempt.
func (v *visitors) do(ctx context.Context, method, url, body string, code int, want string) error {
	attempts := 0
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { attempts++ }})
	var content io.Reader = http.NoBody
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return err
	}
	res, err := v.client.Do(r)
	if err != nil {
		return err
	}
	answer, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w", method, url, err)
	case res.StatusCode != code, string(answer) != want:
		return fmt.Errorf("%s %s: %s: %s", method, url, res.Status, answer)
	case attempts != 1:
		return fmt.Errorf("%s %s: %d attempts", method, url, attempts)
	}
	return nil
}

// come sends visits until more is false. It returns the number of visits, and how many of them were
// served by the time of the last one. All visits have ended then.
func (v *visitors) come(ctx context.Context, more func(n int) bool) (visits, served int) {
	before := v.served.Load()
	visits, wait := load.Arrive(every, more, func(n int) { v.visit(ctx, n) })
	served = int(v.served.Load() - before)
	wait()
	return visits, served
}

// during sends visits: some before do, during do, and a second's visits after it.
func (v *visitors) during(ctx context.Context, do func()) (visits, served int) {
	const some = 50
	var now, last atomic.Int64
	before := v.served.Load()
	return v.come(ctx, func(n int) bool {
		now.Store(int64(n))
		if do != nil && v.served.Load() >= before+some {
			go func(do func()) {
				defer func() { last.Store(now.Load() + int64(time.Second/every)) }() // also if do ends its goroutine
				do()
			}(do)
			do = nil
		}
		return last.Load() == 0 || int64(n) < last.Load()
	})
}

// held is how many requests the instances have held.
func (v *visitors) held(t *testing.T) int {
	t.Helper()
	sum := 0
	for _, shop := range v.shops {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+shop+"/held", http.NoBody)
		require.NoError(t, err)
		res, err := v.client.Do(r)
		require.NoError(t, err)
		text, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		n, err := strconv.Atoi(string(text))
		require.NoError(t, err)
		sum += n
	}
	return sum
}

// requireKept fails unless no visit has failed, and every acknowledged order is in the database
// exactly once, and no other.
func (v *visitors) requireKept(t *testing.T, s *site) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	require.Empty(t, v.failures)
	kept := strings.Fields(s.pg.Exec(t, s.url, "SELECT key FROM orders"))
	slices.Sort(kept)
	require.Equal(t, slices.Sorted(slices.Values(v.acked)), kept)
}
