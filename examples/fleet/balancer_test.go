package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// farm is a balancer before instances of which some are gone.
func farm(t *testing.T, alive ...bool) *balancer {
	t.Helper()
	var instances []*process
	for n, alive := range alive {
		name := string(rune('a' + n))
		server := httptest.NewServer(named(name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, r.Body)
		})))
		u, err := url.Parse(server.URL)
		require.NoError(t, err)
		instances = append(instances, &process{name: name, url: u})
		if !alive {
			server.Close()
			continue
		}
		t.Cleanup(server.Close)
	}
	b, err := listen(t.Context(), "127.0.0.1:0", instances)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.stop()) })
	return b
}

func TestBalancer(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		alive []bool
		want  map[string]int
	}{
		"all have their turn":                 {[]bool{true, true, true}, map[string]int{"a": 10, "b": 10, "c": 10}},
		"an instance that is gone is skipped": {[]bool{true, false, false}, map[string]int{"a": 30}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := farm(t, tc.alive...)
			seen := newSights()
			for range 30 {
				a, err := get(http.DefaultClient, b.url)
				seen.add(a, err, 0)
			}
			require.Equal(t, tc.want, seen.served)
			require.Zero(t, seen.failed)
		})
	}
}

func TestBalancerWithoutInstances(t *testing.T) {
	t.Parallel()
	b := farm(t, false)
	seen := newSights()
	a, err := get(http.DefaultClient, b.url)
	seen.add(a, err, 0)
	require.Equal(t, 1, seen.failed)
	require.Equal(t, "answered 502 Bad Gateway", seen.failure)
}

func TestBalancerSendsABodyOnce(t *testing.T) {
	t.Parallel()
	b := farm(t, true, false)
	answers := map[int]int{}
	for range 10 {
		res, err := http.Post(b.url, "text/plain", strings.NewReader("an order"))
		require.NoError(t, err)
		answers[res.StatusCode]++
		require.NoError(t, res.Body.Close())
	}
	require.Equal(t, map[int]int{http.StatusOK: 5, http.StatusBadGateway: 5}, answers, "it is not known whether the first instance got the order")
}

func TestVisitorsTellARefusalFromAFailure(t *testing.T) {
	t.Parallel()
	told := func(status int, header ...string) answer {
		h := http.Header{nameHeader: {"a"}}
		for _, name := range header {
			h.Set(name, "down")
		}
		return answer{status, h}
	}
	s := newSights()
	s.add(told(http.StatusOK), nil, 1e6)
	s.add(told(http.StatusServiceUnavailable, "Downtime"), nil, 2e6)
	s.add(told(http.StatusServiceUnavailable), nil, 3e6)
	s.add(answer{}, context.DeadlineExceeded, 4e6)
	require.Equal(t, "served 1 (a 1)  refused 1 (a 1)  failed 2  p99 2.0 ms  (context deadline exceeded)", s.String())
	all := newSights()
	all.sum(s)
	all.sum(s)
	require.Equal(t, "served 2 (a 2)  refused 2 (a 2)  failed 4  (context deadline exceeded)", all.String())
}

func TestOpenStoreRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"", "shop.db", "ftp://host?app=shop", "sqlite:shop.db", "redis://host", "postgres://host/db", "redis://:secret@host:x?app=shop"} {
		_, _, err := openStore(store)
		require.Error(t, err, store)
		require.NotContains(t, err.Error(), "secret")
	}
}
