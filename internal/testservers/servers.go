// Package testservers starts real servers for tests: Redis, PostgreSQL, PgBouncer and MariaDB,
// and the proxies nginx, HAProxy, Caddy, Apache, Varnish and Squid. Each server has a free loopback
// port and a data directory of its own. Both are released when the test ends.
//
//	redis := testservers.Redis(t)
//	client := dial(redis.Addr)
//	redis.Freeze(t) // it answers nothing, and its connections stay open
//	redis.Thaw(t)
//	redis.Kill(t)   // like a crash
//	redis.Start(t)  // the same port, the same data
//
// If the program of a server is not installed, the test is skipped and says which package has
// it. With DOWNTIME_REQUIRE_SERVERS=1 in the environment the test fails. tools/servers
// installs the programs. Servers run on Unix only. A program that refuses to run as root runs
// as another user. The methods of a server are for one goroutine at a time.
package testservers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// startTime is how long a server may take until it answers. The slowest one needs some
// seconds on a busy machine.
const startTime = 60 * time.Second

// Server is one program that a test started. When the test ends, the program is stopped and
// its data is removed.
type Server struct {
	// Addr is host:port, and stays the same.
	Addr string
	// Dir holds the data, the log and the configuration.
	Dir string

	debian  string                        // the package of the program
	program []string                      // its names
	account string                        // of the program, see unprivileged; "" means that of the test
	prepare func(t testing.TB, s *Server) // fills Dir, once; nil means nothing to do
	file    string                        // the name of the configuration in Dir; "" means none
	config  func(s *Server) string        // the configuration, which may depend on the port
	args    []string                      // {dir}, {addr} and {port} stand for those of the server
	env     []string                      // like args; added to the environment of the test
	ready   func(conn net.Conn) error     // waits for an answer on a new connection; nil accepts the connection alone
	quit    os.Signal                     // asks the program to stop

	path    string // of the program
	port    int
	user    *account // nil means the user of the test
	running *running // nil means stopped
}

// running is one run of a server's program.
type running struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the program has ended
	err  error         // how it ended; valid after done
}

// launch starts s for as long as the test runs, and returns s.
func launch(t testing.TB, s *Server) *Server {
	t.Helper()
	s.path = Program(t, s.debian, s.program...)
	var err error
	if s.user, err = unprivileged(s.account); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "downtime-"+s.name()+"-") //nolint:usetesting // another user cannot enter t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	s.Dir = dir
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of the log of %s:\n%s", s.name(), s.logTail())
		}
		s.end(os.Kill)
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("%s: %v", s.name(), err)
		}
	})
	if err := s.user.own(dir); err != nil {
		t.Fatalf("%s: %v", s.name(), err)
	}
	if s.prepare != nil {
		s.prepare(t, s)
	}
	for attempt := 1; ; attempt++ {
		if s.port, err = FreePort(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port))
		if s.file != "" {
			s.write(t, s.file, s.config(s))
		}
		err = s.start()
		if err == nil {
			return s
		}
		if attempt == 3 { // another process may have taken the port meanwhile, but not each time
			t.Fatalf("start %s: %v\n%s", s.name(), err, s.logTail())
		}
	}
}

// Start starts a stopped server again, on the same address and data, and waits until it
// answers. It does nothing if the server runs.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	for attempt := 1; ; attempt++ {
		err := s.start()
		if err == nil {
			return
		}
		if attempt == 20 {
			t.Fatalf("start %s: %v\n%s", s.name(), err, s.logTail())
		}
		// The children of a killed server may outlive it for a moment. Meanwhile another server
		// cannot start on the same data.
		<-time.After(50 * time.Millisecond)
	}
}

// Stop asks the server to end, and waits for the end.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.end(s.quit)
}

// Kill ends the server and its children at once, as a crash does.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.end(os.Kill)
}

// Freeze suspends the server and its children. Their connections stay open: the system
// acknowledges the bytes that clients send, and no answer comes.
func (s *Server) Freeze(t testing.TB) {
	t.Helper()
	s.signal(t, freeze)
}

// Thaw resumes a frozen server.
func (s *Server) Thaw(t testing.TB) {
	t.Helper()
	s.signal(t, thaw)
}

// Log is the output of the server so far.
func (s *Server) Log() string {
	b, _ := os.ReadFile(s.logPath()) // empty before the first start
	return string(b)
}

func (s *Server) name() string { return s.program[0] }

func (s *Server) logPath() string { return filepath.Join(s.Dir, "log") }

func (s *Server) logTail() string {
	log := s.Log()
	return log[max(0, len(log)-4000):]
}

func (s *Server) start() error {
	if s.running != nil {
		return nil
	}
	log, err := os.OpenFile(s.logPath(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has its own handle
	// The cleanup ends it, and needs it until then.
	cmd := exec.CommandContext(context.Background(), s.path, s.fill(s.args)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = s.Dir, log, log, s.user.attributes()
	cmd.Env = append(os.Environ(), s.fill(s.env)...)
	r := &running{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel ends the server when the thread that started it ends: keep the thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			r.err = cmd.Wait()
			close(r.done)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	s.running = r
	if err := s.wait(r); err != nil {
		s.end(os.Kill)
		return err
	}
	return nil
}

// wait returns once the server answers.
func (s *Server) wait(r *running) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		err := s.answers(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-r.done:
			return fmt.Errorf("it ended by itself: %w", r.err)
		case <-ctx.Done():
			return fmt.Errorf("no answer within %v: %w", startTime, err)
		case <-again.C:
		}
	}
}

// answers connects for one request, which must be answered within a second.
func (s *Server) answers(ctx context.Context) error {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // the answer has been read
	if s.ready == nil {
		return nil
	}
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	return s.ready(conn)
}

// fill writes what stands for the directory, the address and the port of the server.
func (s *Server) fill(texts []string) []string {
	own := strings.NewReplacer("{dir}", s.Dir, "{addr}", s.Addr, "{port}", strconv.Itoa(s.port))
	filled := make([]string, len(texts))
	for i, text := range texts {
		filled[i] = own.Replace(text)
	}
	return filled
}

// write writes a file in Dir that the server's user can read.
func (s *Server) write(t testing.TB, name, text string) {
	t.Helper()
	path := filepath.Join(s.Dir, name)
	if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), s.user.own(path)); err != nil {
		t.Fatalf("prepare %s: %v", s.name(), err)
	}
}

// end sends sig to the server, and kills the server if it does not end. A frozen server is
// thawed, so that it can end.
func (s *Server) end(sig os.Signal) {
	r := s.running
	if r == nil {
		return
	}
	s.running = nil
	family := descendants(r.cmd.Process.Pid)
	if sig != os.Kill {
		_ = r.cmd.Process.Signal(sig) // the process may have ended meanwhile
		signalAll(append(family, r.cmd.Process.Pid), thaw)
		select {
		case <-r.done:
			return
		case <-time.After(startTime):
		}
	}
	_ = r.cmd.Process.Kill()
	<-r.done
	signalAll(family, os.Kill)
}

func (s *Server) signal(t testing.TB, sig os.Signal) {
	t.Helper()
	if s.running == nil {
		t.Fatalf("%s is not running", s.name())
	}
	// The parent first, so that it starts no more children.
	pid := s.running.cmd.Process.Pid
	signalAll([]int{pid}, sig)
	signalAll(descendants(pid), sig)
}

// run runs another program as the server's user, and returns its output.
func (s *Server) run(t testing.TB, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.SysProcAttr = s.Dir, s.user.attributes()
	var faults bytes.Buffer
	cmd.Stderr = &faults
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(args[0]), err, bytes.TrimSpace(append(out, faults.Bytes()...)))
	}
	return string(bytes.TrimSpace(out))
}

// FreePort is a loopback port on which no process listens. It is below the ports that the system gives
// to clients, so a server that is stopped for a moment gets it back. So is the port 10,000
// above it, on which Redis Cluster listens as well.
func FreePort(ctx context.Context) (int, error) {
	var errs []error
	for range 50 {
		port := 10_000 + rand.IntN(10_000)
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
		errs = append(errs, err)
	}
	return 0, fmt.Errorf("no free port: %w", errors.Join(errs...))
}
