package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	visitors     = 8
	pause        = 40 * time.Millisecond // of each visitor between two requests
	checkoutEach = 150                   // one request of so many is a checkout, which takes longer
)

// sights are the results of visitors.
type sights struct {
	served, refused map[string]int // by instance
	failed          int
	failure         string // one of them
	times           []time.Duration
}

func newSights() *sights { return &sights{served: map[string]int{}, refused: map[string]int{}} }

func (s *sights) String() string {
	line := fmt.Sprintf("served %s  refused %s  failed %d", counts(s.served), counts(s.refused), s.failed)
	if len(s.times) > 0 {
		slices.Sort(s.times)
		line += fmt.Sprintf("  p99 %.1f ms", s.times[(len(s.times)-1)*99/100].Seconds()*1000)
	}
	if s.failure != "" {
		line += "  (" + s.failure + ")"
	}
	return line
}

func counts(by map[string]int) string {
	if len(by) == 0 {
		return "0"
	}
	sum, parts := 0, []string{}
	for _, name := range slices.Sorted(maps.Keys(by)) {
		sum += by[name]
		parts = append(parts, fmt.Sprintf("%s %d", name, by[name]))
	}
	return fmt.Sprintf("%d (%s)", sum, strings.Join(parts, ", "))
}

// answer is the part of a response that a visitor reads.
type answer struct {
	status int
	header http.Header
}

// add adds the result of one request.
func (s *sights) add(a answer, err error, took time.Duration) {
	if err != nil {
		s.failed, s.failure = s.failed+1, err.Error()
		return
	}
	s.times = append(s.times, took)
	switch name := a.header.Get(nameHeader); {
	case a.status == http.StatusOK:
		s.served[name]++
	case a.status == http.StatusServiceUnavailable && a.header.Get("Downtime") != "":
		s.refused[name]++
	default:
		s.failed, s.failure = s.failed+1, fmt.Sprintf("answered %d %s", a.status, http.StatusText(a.status))
	}
}

// sum adds the results of o, except times.
func (s *sights) sum(o *sights) {
	for name, n := range o.served {
		s.served[name] += n
	}
	for name, n := range o.refused {
		s.refused[name] += n
	}
	s.failed += o.failed
	s.failure = cmp.Or(s.failure, o.failure)
}

// visit sends visitors to the shop until ctx ends. It prints their results each second and
// returns the sum.
func visit(ctx context.Context, shop string, out io.Writer) *sights {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: visitors}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	now, all := newSights(), newSights()
	tell := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		all.sum(now)
		fmt.Fprintf(out, format+"%v\n", append(args, now)...)
		now = newSights()
	}
	var group sync.WaitGroup
	for first := range visitors {
		group.Go(func() {
			for n := first; ctx.Err() == nil; n++ {
				path := ""
				if n%checkoutEach == 0 {
					path = "checkout"
				}
				began := time.Now()
				a, err := get(client, shop+path)
				mu.Lock()
				now.add(a, err, time.Since(began))
				mu.Unlock()
				select {
				case <-time.After(pause):
				case <-ctx.Done():
				}
			}
		})
	}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for ctx.Err() == nil {
		select {
		case t := <-second.C:
			tell("%s  ", t.Format(time.TimeOnly))
		case <-ctx.Done():
		}
	}
	group.Wait()
	all.sum(now)
	return all
}

// get reads the whole response, because one that is cut off is a failure. It does not end with
// the program's context: a running request gets its answer.
func get(client *http.Client, url string) (answer, error) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return answer{}, err
	}
	res, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	_, err = io.Copy(io.Discard, res.Body)
	return answer{res.StatusCode, res.Header}, err
}
