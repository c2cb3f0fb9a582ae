package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/events"
	"github.com/go-downtime/downtime/period"
)

const (
	envSecret = "DOWNTIME_WEBHOOK_SECRET"

	usualNotice = 15 * time.Minute
	usualGiveUp = 24 * time.Hour
)

// eventFlags are the flags of events.
type eventFlags struct {
	follow           bool
	since            int64
	notice           zeroFlag
	name             string
	program, webhook string
	secretFile       string
	giveUp           durationFlag
}

func (a *app) eventsCommand() *cobra.Command {
	o := eventFlags{notice: zeroFlag{durationFlag(usualNotice)}, giveUp: durationFlag(usualGiveUp)}
	cmd := a.newCommand("events", "events [flags] [-- ARGUMENT...]", cobra.ArbitraryArgs, "{SECRET}", envSecret)
	f := cmd.Flags()
	f.BoolVar(&o.follow, "follow", false, "print or deliver new events until interrupted")
	f.Int64Var(&o.since, "since", 0, "begin after this `REVISION` (else with the whole log, or with --follow at the present); ignored if --name has a position")
	f.Var(&o.notice, "notice", "how long before its start a window is reported as about-to-begin; 0: never")
	f.StringVar(&o.name, "name", "", "`NAME` of the receiver; the document stores its position under it")
	f.StringVar(&o.program, "exec", "", "start this `PROGRAM` for each event")
	f.StringVar(&o.webhook, "webhook", "", "send each event to this `URL`, or to the one in @FILE")
	f.StringVar(&o.secretFile, "secret-file", "", "the secret that signs --webhook is in `FILE` (else in "+envSecret+")")
	f.Var(&o.giveUp, "give-up", "how long --webhook tries to deliver one event")
	f.Bool("json", true, "")
	_ = f.MarkHidden("json") // the output is always JSON: no line is broken
	f.Bool("force", false, "keep a position although a live instance reports that it cannot read it")
	_ = cmd.RegisterFlagCompletionFunc("name", a.completeFollowers) // it fails only for an unknown flag
	a.finish(cmd, func(cmd *cobra.Command, args []string) error { return a.events(cmd, &o, args) })
	cmd.AddCommand(a.followersCommand(), a.unfollowCommand())
	return cmd
}

// events prints or delivers the events.
func (a *app) events(cmd *cobra.Command, o *eventFlags, args []string) error {
	delivers := o.program != "" || o.webhook != ""
	given := cmd.Flags().Changed
	switch {
	case o.program != "" && o.webhook != "":
		return usagef("want either --exec or --webhook: a name has one receiver, so start a second follower with another --name")
	case delivers && !o.follow:
		return usagef("--exec and --webhook need --follow")
	case delivers && o.name == "":
		return usagef("--name is missing: the document keeps the position of the receiver under it, for example --name slack")
	case !delivers && o.name != "":
		return usagef("--name needs --exec or --webhook: without a receiver no position is kept")
	case len(args) > 0 && o.program == "":
		return usagef("unexpected argument %q: arguments are those of --exec PROGRAM", args[0])
	case o.webhook == "" && (o.secretFile != "" || given("give-up")):
		return usagef("--secret-file and --give-up need --webhook")
	}
	if delivers {
		if err := period.NameFault(o.name); err != nil {
			return usagef("--%v", err)
		}
	}
	deliver, retry, err := a.receiver(cmd, o, args)
	if err != nil {
		return err
	}
	if !o.follow {
		return a.onStore(cmd, func(ctx context.Context, s session) error { return s.pastEvents(ctx, o, given("since")) })
	}
	s, closeStore, err := a.session(cmd)
	if err != nil {
		return err
	}
	defer closeStore()
	return s.followEvents(cmd, o, given("since"), deliver, retry)
}

// receiver is the receiver that the flags name. It is nil if there is none.
func (a *app) receiver(cmd *cobra.Command, o *eventFlags, args []string) (func(context.Context, events.Event) error, events.Retry, error) {
	switch {
	case o.program != "":
		p, err := newEventProgram(o.program, args, cmd.ErrOrStderr())
		return p.deliver, events.Retry{Attempts: execAttempts}, err
	case o.webhook != "":
		target, err := orFile("--webhook", o.webhook)
		if err != nil {
			return nil, events.Retry{}, err
		}
		secret := os.Getenv(envSecret)
		if o.secretFile != "" {
			if secret, err = orFile("--secret-file", "@"+o.secretFile); err != nil {
				return nil, events.Retry{}, err
			}
		}
		w, err := events.NewWebhook(target, secret, nil)
		if fault, ok := errors.AsType[*period.FieldError](err); ok {
			from := map[string]string{"webhook": "--webhook", "secret": envSecret}[fault.Field]
			if fault.Field == "secret" && o.secretFile != "" {
				from = "--secret-file"
			}
			err = usagef("%s: %s", from, fault.Problem)
		}
		if err != nil {
			return nil, events.Retry{}, err
		}
		return w.Deliver, events.Retry{For: o.giveUp.duration()}, nil
	}
	return nil, events.Retry{}, nil
}

// orFile is the value of a flag, or the text of the file that it names after @.
func orFile(flag, value string) (string, error) {
	path, ok := strings.CutPrefix(value, "@")
	if !ok {
		return value, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", usagef("%s: %v", flag, err)
	}
	return strings.TrimSpace(string(b)), nil
}

// pastEvents prints the events of the log.
func (s session) pastEvents(ctx context.Context, o *eventFlags, since bool) error {
	seen, err := events.Observe(ctx, s.op)
	if err != nil {
		return noEvents(err)
	}
	from := events.Oldest(seen)
	if since {
		if from, err = events.Since(seen, o.since); err != nil {
			return usagef("--%v", err)
		}
	}
	for _, e := range events.Next(from, seen, o.notice.duration()).Events {
		if err := s.event(e); err != nil {
			return err
		}
	}
	return nil
}

// noEvents is nil if nothing was written yet: then there are no events.
func noEvents(err error) error {
	if errors.Is(err, events.ErrNoDocument) {
		return nil
	}
	return err
}

// followEvents prints or delivers events until the command is interrupted.
func (s session) followEvents(cmd *cobra.Command, o *eventFlags, since bool, deliver func(context.Context, events.Event) error, retry events.Retry) error {
	f := events.Follower{Operator: s.op, Name: o.name, Notice: o.notice.duration(), Retry: retry}
	if since {
		ctx, cancel := context.WithTimeout(cmd.Context(), s.app.timeout.duration())
		seen, err := events.Observe(ctx, s.op)
		cancel()
		if err != nil {
			return err
		}
		from, err := events.Since(seen, o.since)
		if err != nil {
			return usagef("--%v", err)
		}
		f.From = &from
	}
	f.Report = func(r events.Report) {
		if o.name == "" && r.Kind == events.Following {
			return
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", s.app.name, safe(oneLine(r.String())))
	}
	ctx, stop := context.WithCancelCause(cmd.Context())
	defer stop(nil)
	f.Deliver = func(ctx context.Context, e events.Event) error {
		if deliver != nil {
			if err := deliver(ctx, e); err != nil {
				return err
			}
		}
		if err := s.event(e); err != nil && deliver == nil { // a reader of the events is gone
			stop(err)
		}
		return nil
	}
	err := f.Run(ctx)
	switch gone := context.Cause(ctx); {
	case cmd.Context().Err() != nil:
		return exit(interrupted(cmd.Context()))
	case gone != nil:
		return gone
	}
	return err
}

// event prints an event.
func (s session) event(e events.Event) error {
	return writeJSON(s.out, e, false)
}
