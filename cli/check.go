package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/internal/wire"
)

// siteRules say which requests pass while the site is down. With this name no other file of the
// package imports core.
type siteRules = core.Config

// WithConfig gives the check command the rules of the application's gate, so that check knows
// which requests pass. Its answer is then that of the gate, except for overrides by a file or by
// the environment variable DOWNTIME of the gate's process. Without the option, check knows only
// the rules that its flags name. The command uses only the fields about rules and answers.
func WithConfig(cfg core.Config) Option { return func(a *app) { a.rules = &cfg } }

func (a *app) checkCommand() *cobra.Command {
	var (
		at       string
		rules    siteRules
		headers  []string
		exitCode bool
	)
	whose := "rules that its flags name; the command does not know the site's own rules"
	if a.rules != nil {
		rules, whose = *a.rules, "application's own rules"
	}
	cmd := a.newCommand("check", "check METHOD PATH [flags]", a.args(2, 2), "{RULES}", whose)
	f := cmd.Flags()
	f.StringVar(&at, "at", "", "at another `TIME` than now: 02:30, '2026-03-08 02:30', RFC 3339")
	if a.rules != nil {
		cmd.Example = a.examples("check GET /shop", "check GET / --at '2026-03-08 02:30' --header 'Accept: text/html'")
	} else {
		f.StringArrayVar(&rules.ExemptPaths, "exempt-path", nil, "`PATH` is served, and everything below it (repeatable)")
		f.StringArrayVar(&rules.ExemptExact, "exempt-exact", nil, "`PATH` is served, and nothing below it (repeatable)")
		f.StringVar(&rules.RedirectURL, "redirect", "", "browsers are sent to `URL`")
	}
	f.StringArrayVar(&headers, "header", nil, "`HEADER` of the request, 'Name: value' (repeatable)")
	f.BoolVar(&exitCode, "exit-code", false, "exit with 0 if it would pass, 10 if it would be refused")
	jsonFlag(cmd, "one JSON object")

	return a.finish(cmd, func(cmd *cobra.Command, args []string) error {
		r, err := request(cmd.Context(), args[0], args[1], headers)
		if err != nil {
			return err
		}
		return a.onStore(cmd, func(ctx context.Context, s session) error {
			found, err := s.read(ctx)
			if err != nil {
				return err
			}
			when, err := s.instant(ctx, "--at", at, time.Time{})
			if err != nil {
				return err
			}
			if !when.IsZero() {
				found.Time = when
			}
			d, err := core.Explain(rules, found.Document, found.Time, r)
			if err != nil {
				return err
			}
			c := checkJSON{Method: args[0], Target: args[1], At: found.Time, Outcome: d.Outcome.String(), Passes: d.Passes(), Rule: d.Rule, Rules: "given"}
			if a.rules != nil {
				c.Rules = "site"
			}
			if by := d.Closure; by != nil {
				c.Cause, c.Override, c.Period, c.Reason, c.Since, c.Until = by.Cause.String(), by.Override, by.Period, by.Reason, by.Since, by.Until
			}
			if !c.Passes {
				c.Redirect = rules.RedirectURL
			}
			err = s.print(c, func(w io.Writer) { s.checked(w, c, found) })
			if err == nil && exitCode && !c.Passes {
				return exit(ExitDown)
			}
			return err
		})
	})
}

// request is the request that a server would read from this request line and these headers.
func request(ctx context.Context, method, target string, headers []string) (*http.Request, error) {
	u, err := url.ParseRequestURI(target)
	if err != nil || !strings.HasPrefix(target, "/") {
		return nil, usagef("PATH: %q: want the target of the request line, from its first /", target)
	}
	r, err := http.NewRequestWithContext(ctx, method, "/", nil)
	if err != nil || method == "" {
		return nil, usagef("METHOD: %q: want GET, POST or another one", method)
	}
	r.URL, r.RequestURI = u, target
	for _, h := range headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return nil, usagef("--header: %q: want 'Name: value'", h)
		}
		r.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return r, nil
}

func (v view) checked(w io.Writer, c checkJSON, found wire.Found) {
	fmt.Fprintf(w, label, "request", safe(c.Method)+" "+safe(c.Target))
	fmt.Fprintf(w, label, "at", clock(c.At, v.loc))
	switch {
	case !c.Passes && c.Rules == "site":
		fmt.Fprintf(w, label, "decision", v.down("refused")+": no rule of the site lets it pass")
	case !c.Passes:
		fmt.Fprintf(w, label, "decision", v.down("would be refused")+" unless the site's own rules exempt it")
	case c.Cause == "":
		fmt.Fprintf(w, label, "decision", v.up("passes")+": no period is in force")
		return
	case c.Rules == "site":
		fmt.Fprintf(w, label, "decision", v.up("passes")+": "+c.Outcome+" by the rule "+safe(c.Rule))
	default:
		fmt.Fprintf(w, label, "decision", v.up("passes")+" if the site has this rule: "+c.Outcome+" by "+safe(c.Rule))
	}
	if c.Override != "" {
		fmt.Fprintf(w, label, "because", "down by override ("+safe(c.Override)+")")
	} else {
		v.headline(w, found, nil)
		if p, ok := found.Document.Find(c.Period); ok {
			v.period(w, "because", p, c.At)
		}
	}
	if c.Redirect != "" {
		fmt.Fprintf(w, label, "answer", "GET and HEAD that accept HTML are sent to "+safe(c.Redirect)+", except for the target itself")
	}
}
