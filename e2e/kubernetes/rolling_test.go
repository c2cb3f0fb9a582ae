package kubernetes

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/go-downtime/downtime/e2e/internal/load"
	"github.com/go-downtime/downtime/internal/testservers"
)

const (
	arrivals = 5 * time.Millisecond // between two requests
	slow     = 10                   // one request of so many takes 300 ms
	lag      = time.Second          // until the proxy knows that a pod was deleted or is not ready
)

// TestARollingRestartRefusesNoRequest replaces three instances under load, as the controller of the
// Deployment does, with the probes and the times of the manifest. Each request goes through a proxy
// that learns a second late that a pod was deleted. Without the pause of preStop, the same restart
// loses requests, so the test sees such a loss.
func TestARollingRestartRefusesNoRequest(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a rolling restart takes 20 seconds")
	}
	pg := testservers.Postgres(t)
	of := object[*appsv1.Deployment](t, "chart/templates/deployment.yaml").Spec.Template.Spec.Containers[0]
	for name, c := range map[string]struct {
		pause time.Duration
		lost  bool
	}{
		"with the pause of the manifest": {pause: pause(of)},
		"without a pause":                {lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newCluster(t)
			url := pg.Database(t)
			k.secrets["gate"], k.secrets["operator"] = url, url+"&app=shop"
			command := object[*batchv1.Job](t, "chart/templates/init.yaml").Spec.Template.Spec.Containers[0]
			code, said := run(t, k.command(t, command))
			require.Zero(t, code, said)

			front := newProxy(t)
			var old []*pod
			for range 3 {
				old = append(old, k.launch(t, of))
				front.watch(old[len(old)-1])
			}
			front.await(t, old...)
			var failures sync.Map
			var over atomic.Bool
			requests := make(chan int, 1)
			go func() {
				sent, wait := load.Arrive(arrivals, func(int) bool { return !over.Load() }, func(n int) {
					path := "/"
					if n%slow == 0 {
						path = "/checkout"
					}
					if err := front.visit(t.Context(), path); err != nil {
						failures.Store(n, err)
					}
				})
				wait()
				requests <- sent
			}()
			var stops sync.WaitGroup
			for _, p := range old {
				next := k.launch(t, of)
				front.watch(next)
				front.await(t, next)
				stops.Go(func() { front.remove(p, c.pause) })
			}
			stops.Wait()
			over.Store(true)
			sent := <-requests
			lost := 0
			failures.Range(func(n, err any) bool {
				if lost++; lost < 4 && !c.lost {
					t.Logf("request %d: %v", n, err)
				}
				return true
			})
			t.Logf("%d requests, %d of them failed", sent, lost)
			if c.lost {
				require.NotZero(t, lost)
				return
			}
			require.Zero(t, lost)
			require.Greater(t, sent, 1000)
			command.Args = []string{"start", "--expect=3", "--wait=20s"}
			code, said = run(t, k.command(t, command))
			require.Zero(t, code, said)
			require.Contains(t, said, "RESULT safe")
		})
	}
}

// proxy sends requests in turn to the pods that are ready, and tries nothing again.
type proxy struct {
	server *httptest.Server
	next   atomic.Uint64

	mu    sync.Mutex
	ready []*pod
	added chan struct{} // closed and replaced when a pod becomes ready
	stops map[*pod]context.CancelFunc
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	p := &proxy{added: make(chan struct{}), stops: map[*pod]context.CancelFunc{}}
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	p.server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(p.turn()) },
		Transport: once{transport},
		ErrorLog:  log.New(io.Discard, "", 0), // the test counts failures
	})
	t.Cleanup(func() { p.server.Close(); transport.CloseIdleConnections() })
	return p
}

// turn is the URL of the next pod that is ready.
func (p *proxy) turn() *url.URL {
	p.mu.Lock()
	defer p.mu.Unlock()
	to := "http://127.0.0.1:0" // no pod is ready
	if len(p.ready) > 0 {
		to = p.ready[p.next.Add(1)%uint64(len(p.ready))].url
	}
	u, err := url.Parse(to)
	if err != nil {
		panic(err)
	}
	return u
}

// once makes a second attempt an error. net/http makes one if a kept connection is closed.
type once struct{ to http.RoundTripper }

func (o once) RoundTrip(r *http.Request) (*http.Response, error) {
	var attempts atomic.Int32
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { attempts.Add(1) }}))
	res, err := o.to.RoundTrip(r)
	if err == nil && attempts.Load() > 1 {
		err = errors.Join(errors.New("a second attempt"), res.Body.Close())
	}
	return res, err
}

// watch probes a pod as the kubelet does, and tells the proxy.
func (p *proxy) watch(of *pod) {
	ctx, cancel := context.WithCancel(context.Background())
	p.mu.Lock()
	p.stops[of] = cancel
	p.mu.Unlock()
	startup, readiness := of.of.StartupProbe, of.of.ReadinessProbe
	go func() {
		for !passes(ctx, of, startup) {
			if !sleep(ctx, seconds(startup.PeriodSeconds)) {
				return
			}
		}
		for failed := int32(0); ; {
			if passes(ctx, of, readiness) {
				failed = 0
				p.set(of, true)
			} else if failed++; failed == readiness.FailureThreshold {
				p.set(of, false)
			}
			if !sleep(ctx, seconds(readiness.PeriodSeconds)) {
				return
			}
		}
	}()
}

func passes(ctx context.Context, of *pod, probe *corev1.Probe) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second) // the default of timeoutSeconds
	defer cancel()
	return get(ctx, of.url+probe.HTTPGet.Path) == nil
}

// set tells the proxy whether the pod is ready.
func (p *proxy) set(of *pod, ready bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := slices.Contains(p.ready, of)
	switch {
	case ready && !was && p.stops[of] != nil:
		p.ready = append(p.ready, of)
		close(p.added)
		p.added = make(chan struct{})
	case !ready && was:
		p.ready = slices.DeleteFunc(p.ready, func(other *pod) bool { return other == of })
	}
}

// await waits until the pods are ready.
func (p *proxy) await(t *testing.T, pods ...*pod) {
	t.Helper()
	for _, of := range pods {
		for {
			p.mu.Lock()
			ready, added := slices.Contains(p.ready, of), p.added
			p.mu.Unlock()
			if ready {
				break
			}
			<-added
		}
	}
}

// remove deletes a pod. The proxy knows it after the lag, the process after the pause.
func (p *proxy) remove(of *pod, pause time.Duration) {
	p.mu.Lock()
	p.stops[of]()
	delete(p.stops, of)
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() {
		sleep(context.Background(), lag)
		p.set(of, false)
	})
	both.Go(func() {
		sleep(context.Background(), pause)
		_ = of.cmd.Process.Signal(syscall.SIGTERM)
		_ = of.cmd.Wait()
	})
	both.Wait()
}

// visit is one request of a visitor.
func (p *proxy) visit(ctx context.Context, path string) error { return get(ctx, p.server.URL+path) }

// get returns an error unless the answer is 200.
func get(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	res, err := visitors.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

var visitors = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }

// sleep waits for a time that the manifest prescribes. It returns false if ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
