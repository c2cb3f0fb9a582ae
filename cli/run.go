package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

// Words after RESULT, of run only.
const (
	resultNothing   = "nothing-to-do" // --if said so
	resultNotLocked = "not-locked"    // the lock of --pg-lock was not free in time
	resultFailed    = "failed"        // the command failed or the lock was lost, and the site stays down
)

// runFlags are the flags of run.
type runFlags struct {
	waiting

	reason                 reasonFlags
	holder, period         string
	howLong                durationFlag
	hold                   holdFlag
	emergency, allowBypass bool
	condition, onFailure   string
	ifNone                 int
	resultFile             string
	lock                   lockFlags
}

func (a *app) runCommand() *cobra.Command {
	var o runFlags
	cmd := a.newCommand("run", "run [flags] -- COMMAND [ARGUMENT...]", cobra.ArbitraryArgs)
	f := cmd.Flags()
	f.SetInterspersed(false) // flags behind COMMAND are its own
	o.reason.flags(f, "`TEXT` for visitors")
	f.Var(&o.howLong, "for", "how long it is expected to take: 30m, 1h30m, 2d")
	f.Var(&o.hold, "hold", "let new requests wait for up to this time instead of failing: 20s")
	f.BoolVar(&o.emergency, "emergency", false, "it was not planned: monitors are told")
	f.BoolVar(&o.allowBypass, "allow-bypass", false, "let predicates pass requests meanwhile, as in any other downtime")
	f.StringVar(&o.period, "period", "", "take the period with this `ID`, such as a window that is due, and end it")
	f.StringVar(&o.condition, "if", "", "run only if this shell `COMMAND` exits with 0")
	f.IntVar(&o.ifNone, "if-none", 3, "the exit `CODE` of --if that means that there is nothing to do")
	f.StringVar(&o.onFailure, "on-failure", "stay", "`ACTION` if COMMAND fails: stay (the site stays down), or end (the site is reopened)")
	f.StringVar(&o.holder, "holder", "", "it belongs to `NAME` (else the CI run's, else the actor's)")
	f.BoolVar(&o.lock.wanted, "pg-lock", false, "hold an advisory lock of PostgreSQL while COMMAND runs, so that no writer writes")
	f.StringVar(&o.lock.name, "pg-lock-name", "", "the lock's `NAME` (else the app of the store's URL)")
	f.StringVar(&o.lock.url, "pg-lock-url", "", "the database with the lock, `URL` (else "+envLock+", else the store's)")
	f.StringVar(&o.resultFile, "result", "", "write the result as JSON into this `FILE`")
	o.flags(f, false)
	f.String("actor", "", "done by `NAME` (else user@host)")
	f.Bool("force", false, "write although a live instance reports that it cannot read the change")
	return a.finish(cmd, func(cmd *cobra.Command, args []string) error {
		r := &runner{app: a, cmd: cmd, flags: &o, args: args, out: newRunOutput(cmd)}
		err := r.run()
		if ferr := r.writeResult(); ferr != nil && err == nil {
			err = &exitError{ExitRunFailed, ferr}
		}
		return err
	})
}

// runner is one run command.
type runner struct {
	app   *app
	cmd   *cobra.Command
	flags *runFlags
	args  []string
	out   runOutput

	lock     Lock  // of --pg-lock; may be nil
	notTaken error // why Acquire failed
	lostLock error // why the lock was not held until the end of COMMAND

	result runJSON
}

// runJSON is the file of --result.
type runJSON struct {
	Result    string        `json:"result"`
	ExitCode  int           `json:"exit_code"`
	Command   *int          `json:"command_exit_code,omitempty"` // absent if it was not run
	RunID     string        `json:"run_id,omitzero"`
	TakenOver string        `json:"taken_over,omitzero"`
	Period    *wire.Period  `json:"period,omitempty"`
	Barrier   *wire.Barrier `json:"barrier,omitempty"`
	State     *wire.State   `json:"state,omitempty"`
	Lock      string        `json:"lock,omitzero"` // of --pg-lock, as soon as it was waited for
	Error     string        `json:"error,omitzero"`
}

// runOutput are the streams of COMMAND, which run does not touch.
type runOutput struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

func newRunOutput(cmd *cobra.Command) runOutput {
	out := runOutput{cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()}
	if file := fileOf(out.stdout); file != nil {
		out.stdout = file
	} else if lines, ok := out.stdout.(*lineWriter); ok {
		out.stdout = lines.w
	}
	return out
}

func (r *runner) run() error {
	o, f := r.flags, r.cmd.Flags()
	switch {
	case len(r.args) == 0:
		return r.fail(usagef("which command? Say %s", r.app.command(r.cmd, "run")+" -- COMMAND"))
	case o.onFailure != "stay" && o.onFailure != "end":
		return r.fail(usagef("--on-failure: want stay or end, not %q", o.onFailure))
	case o.ifNone < 1 || o.ifNone > 255:
		return r.fail(usagef("--if-none: want a code from 1 to 255, not %d", o.ifNone))
	}
	if err := errors.Join(o.check(f), o.lock.check()); err != nil {
		return r.fail(err)
	}
	path, err := exec.LookPath(r.args[0])
	switch {
	case errors.Is(err, exec.ErrDot):
		return r.end(ExitNotExecutable, "", fmt.Errorf("%w: say ./%s", err, r.args[0]))
	case errors.Is(err, os.ErrPermission):
		return r.end(ExitNotExecutable, "", err)
	case err != nil:
		return r.end(ExitNotFound, "", err)
	}
	if done, err := r.condition(); done {
		return err
	}
	s, closeStore, err := r.app.session(r.cmd)
	if err != nil {
		return r.fail(err)
	}
	defer closeStore()
	if r.lock, err = r.app.openLock(r.cmd.Context(), o.lock); err != nil {
		return r.fail(err)
	}
	defer func() { _ = r.release() }() // its error was reported if the lock was held
	s.out = &lineWriter{w: r.out.stderr, width: widthOf(r.out.stderr), whole: r.app.name + " "}
	s.paint = r.app.painter(r.out.stderr)
	return r.during(s, path)
}

// condition runs the command of --if. It returns true if run ends.
func (r *runner) condition() (done bool, err error) {
	if r.flags.condition == "" {
		return false, nil
	}
	shell := []string{"sh", "-c"}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/c"}
	}
	cmd := exec.CommandContext(r.cmd.Context(), shell[0], append(shell[1:], r.flags.condition)...) //nolint:gosec // the operator's own command
	cmd.Stdout, cmd.Stderr = r.out.stderr, r.out.stderr
	err = cmd.Run()
	failed, _ := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return false, nil
	case r.cmd.Context().Err() != nil:
		return true, r.end(interrupted(r.cmd.Context()), "", errors.New("interrupted: nothing was changed"))
	case failed != nil && failed.ExitCode() == r.flags.ifNone:
		return true, r.end(ExitDone, resultNothing, nil)
	}
	return true, r.end(ExitRunFailed, "", fmt.Errorf("--if: %w: nothing was changed", err))
}

// during takes the site down for the command.
func (r *runner) during(s session, path string) error {
	o, f, ctx := r.flags, r.cmd.Flags(), r.cmd.Context()
	whose := s.holderOf(o.holder)
	progress := s.progress(time.Time{})
	var b operator.Barrier
	b = o.apply(f, b)
	var before func(context.Context) error
	if r.lock != nil {
		before = func(ctx context.Context) error { return r.acquire(ctx, s, progress) }
	}
	run, err := s.op.During(ctx, operator.RunOptions{
		Holder: whose.name, Job: whose.job, Reason: given(r.cmd, "reason", &o.reason.text), Emergency: given(r.cmd, "emergency", &o.emergency),
		ReasonLang: given(r.cmd, "reason-lang", &o.reason.language), Reasons: o.reason.others,
		ExpectedAfter: o.howLong.duration(), Hold: o.hold.duration(), Period: o.period, Wait: o.limit.duration(), Expect: b.Expect, AcceptSilent: b.AcceptSilent,
		EndOnFailure: o.onFailure == "end", AllowBypass: o.allowBypass, Progress: progress.show, Before: before,
		Begun: func(run operator.Run) {
			r.app.wrote = true
			text := s.code("1", run.Period.ID)
			if run.TakenOver != "" {
				text += ", taken over from run " + safe(run.TakenOver) + ", which is dead"
			}
			fmt.Fprintf(s.out, label, "begun", text)
			progress.since, progress.begun = run.State.Time, time.Now()
		},
	}, func(context.Context) error {
		progress.clear()
		return r.locked(s, func() error {
			code, err := r.command(path)
			r.result.Command = &code
			return err
		})
	})
	progress.clear()
	r.describe(s, run)
	if run.Barrier.Result != "" && !run.Ran {
		b.Period = run.Period
		s.verdict(run.Barrier, b)
	}
	result := string(run.Barrier.Result)
	if r.notTaken != nil {
		result = resultNotLocked
	}
	switch notRun := fmt.Errorf("%s was not run, %s", r.args[0], r.after(s, run)); {
	case errors.Is(err, operator.ErrNotReached) && ctx.Err() != nil:
		return r.end(interrupted(ctx), result, fmt.Errorf("interrupted: %w", notRun))
	case errors.Is(err, operator.ErrNotReached) && r.notTaken != nil:
		return r.end(ExitNotReached, result, fmt.Errorf("%w: %w", notRun, r.notTaken))
	case errors.Is(err, operator.ErrNotReached):
		return r.end(ExitNotReached, result, notRun)
	case !run.Ran:
		return r.fail(err)
	case *r.result.Command != 0:
		return r.end(*r.result.Command, resultFailed, errors.Join(fmt.Errorf("%w, %s", err, r.after(s, run)), r.lostLock))
	case r.lostLock != nil && !run.Ended:
		return r.end(ExitRunFailed, resultFailed, fmt.Errorf("%s succeeded, but %w: a writer may have written meanwhile, and the site stays down: check the data, then %s",
			r.args[0], r.lostLock, s.command("end", run.Period.ID)))
	case r.lostLock != nil:
		return r.end(ExitRunFailed, resultFailed, fmt.Errorf("%s succeeded, but %w: a writer may have written meanwhile, %s", r.args[0], r.lostLock, r.after(s, run)))
	case errors.Is(err, operator.ErrTakenOver):
		return r.end(ExitTakenOver, string(operator.Superseded), fmt.Errorf("%s succeeded, but %w: %s", r.args[0], err, s.command("log")))
	case errors.Is(err, operator.ErrStillDown):
		return r.end(ExitRunStillDown, wire.StillDown, fmt.Errorf("%s succeeded, but %w: %s", r.args[0], err, s.command("list")))
	case err != nil:
		return r.end(ExitRunFailed, wire.Down, fmt.Errorf("%s succeeded, but the site could not be reopened: %w: %s", r.args[0], err, s.command("end", run.Period.ID)))
	}
	return r.end(ExitDone, wire.Up, nil)
}

// after says what became of the period of a run that failed.
func (r *runner) after(s session, run operator.Run) string {
	switch i := slices.IndexFunc(run.State.InForce(), func(p period.Period) bool { return p.ID == run.Period.ID }); {
	case !run.Ended && i < 0:
		return "and another operator has ended its period: " + s.command("log")
	case !run.Ended && run.State.InForce()[i].RunID != run.ID:
		return "and another run has taken its period over: " + s.command("log")
	case !run.Ended:
		return "and the site stays down: run again, or " + s.command("end", run.Period.ID)
	case run.State.Verdict().Down:
		return "and the site is down because of another period: " + s.command("list")
	}
	return "and the site is up"
}

func (r *runner) describe(s session, run operator.Run) {
	r.result.RunID, r.result.TakenOver, r.result.Barrier = run.ID, run.TakenOver, wire.BarrierOf(run.Barrier)
	if run.Period.ID == "" {
		return
	}
	p := wire.PeriodAt(run.Period, run.State.Time)
	if run.Ended {
		p.Status = wire.Ended
	}
	state := wire.Read(s.op.Store, run.State).JSON()
	r.result.Period, r.result.State = &p, &state
}

// command runs COMMAND, and passes signals on to it. It returns its exit code.
func (r *runner) command(path string) (int, error) {
	cmd := exec.CommandContext(context.WithoutCancel(r.cmd.Context()), path) // signals end it, and not the context
	cmd.Args = r.args
	cmd.Stdin, cmd.Stdout, cmd.Stderr = r.out.stdin, r.out.stdout, r.out.stderr
	runtime.LockOSThread() // the signal of a dead parent comes with the end of the thread that began it
	defer runtime.UnlockOSThread()
	endWithParent(cmd)
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, forwarded...)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.ENOEXEC) {
			return ExitNotExecutable, err
		}
		return ExitRunFailed, err
	}
	exited := make(chan struct{})
	go func() {
		for {
			select {
			case sig := <-signals:
				if !fromTerminal(sig, r.out.stdin) {
					_ = cmd.Process.Signal(sig) // it may have exited
				}
			case <-exited:
				return
			}
		}
	}()
	err := cmd.Wait()
	close(exited)
	switch failed, _ := errors.AsType[*exec.ExitError](err); {
	case err == nil:
		return 0, nil
	case failed == nil:
		return ExitRunFailed, err
	default:
		return exitCodeOf(failed), fmt.Errorf("%s: %w", r.args[0], err)
	}
}

// fromTerminal reports whether a terminal has sent the signal to COMMAND as well.
func fromTerminal(sig os.Signal, stdin io.Reader) bool {
	file, ok := stdin.(*os.File)
	return ok && sig == os.Interrupt && term.IsTerminal(int(file.Fd()))
}

// fail ends a run that has changed nothing.
func (r *runner) fail(err error) error {
	code, text := r.app.explain(r.cmd, err)
	switch {
	case errors.Is(err, operator.ErrNotInForce):
		code = ExitUsage
	case code == ExitFailed:
		code = ExitRunFailed
	}
	return r.end(code, "", errors.New(text))
}

// end is the end of the run: RESULT on stderr, and the exit code.
func (r *runner) end(code int, result string, err error) error {
	r.result.ExitCode, r.result.Result = code, result
	if err != nil {
		r.result.Error = safe(oneLine(err.Error()))
	}
	if result != "" {
		fmt.Fprintln(r.out.stderr, resultWord, result)
	}
	if err != nil {
		return &exitError{code, err}
	}
	return exit(code)
}

// writeResult writes the file of --result.
func (r *runner) writeResult() error {
	if r.flags.resultFile == "" {
		return nil
	}
	file, err := os.Create(r.flags.resultFile)
	if err != nil {
		return fmt.Errorf("--result: %w", err)
	}
	err = writeJSON(file, r.result, true)
	return errors.Join(err, file.Close())
}
