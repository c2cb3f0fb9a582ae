package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
)

func (a *app) checkCommand() *cobra.Command {
	var (
		at               string
		rules            core.Config
		headers          []string
		asJSON, exitCode bool
	)
	cmd := &cobra.Command{
		Use:   "check METHOD PATH [flags]",
		Short: "Would this request be refused, when, and by which rule",
		Long: `Would this request be refused, now or at another time, and by which rule?

It is decided by the code that decides in the site, with the periods of the store and the
rules given here; the site's own rules are in its code. PATH is what stands in the request
line, with its query and escapes.`,
		Example: a.examples(
			"check GET /shop",
			"check GET /admin/users --exempt-path /admin --at '2026-03-08 02:30'",
			"check GET / --exempt-exact /sorry --redirect /sorry --header 'Accept: text/html'",
		),
		Args: a.args(2, 2),
	}
	f := cmd.Flags()
	f.StringVar(&at, "at", "", "at another `TIME` than now: 02:30, '2026-03-08 02:30', RFC 3339")
	f.StringArrayVar(&rules.ExemptPaths, "exempt-path", nil, "`PATH` is served, and everything below it (repeatable)")
	f.StringArrayVar(&rules.ExemptExact, "exempt-exact", nil, "`PATH` is served, and nothing below it (repeatable)")
	f.StringVar(&rules.RedirectURL, "redirect", "", "browsers are sent to `URL`")
	f.StringArrayVar(&headers, "header", nil, "`HEADER` of the request, 'Name: value' (repeatable)")
	f.BoolVar(&asJSON, "json", false, "one JSON object")
	f.BoolVar(&exitCode, "exit-code", false, "exit with 0 if it would pass, 10 if it would be refused")

	return a.finish(cmd, func(cmd *cobra.Command, args []string) error {
		r, err := request(cmd.Context(), args[0], args[1], headers)
		if err != nil {
			return err
		}
		if err := rules.Validate(); err != nil {
			return err
		}
		v, err := a.view(cmd)
		if err != nil {
			return err
		}
		return a.onStore(cmd, func(ctx context.Context, st core.Store) error {
			read, err := st.Load(ctx, core.Mark{})
			if err != nil {
				return err
			}
			s := found(st, read)
			when, err := a.instantFlag(ctx, st, "--at", at, v.loc)
			if err != nil {
				return err
			}
			if !when.IsZero() {
				s.Time = when
			}
			d, err := core.Explain(rules, s.Document, s.Time, r)
			if err != nil {
				return err
			}
			if asJSON {
				err = writeJSON(cmd.OutOrStdout(), explained(args[0], args[1], rules, s, d), true)
			} else {
				v.explain(cmd.OutOrStdout(), args[0], args[1], rules, s, d)
			}
			if err == nil && exitCode && !d.Passes() {
				return exit(ExitDown)
			}
			return err
		})
	})
}

// request is what a server makes of this request line and these headers.
func request(ctx context.Context, method, target string, headers []string) (*http.Request, error) {
	u, err := url.ParseRequestURI(target)
	if err != nil || !strings.HasPrefix(target, "/") {
		return nil, usagef("PATH: %q: want what stands in the request line, from its first /", target)
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

func explained(method, target string, rules core.Config, s state, d core.Decision) checkJSON {
	out := checkJSON{
		Method: method, Target: target, At: s.Time, Outcome: d.Outcome.String(), Passes: d.Passes(), Rule: d.Rule,
	}
	if c := d.Closure; c != nil {
		out.Cause, out.Override, out.Period, out.Reason = c.Cause.String(), c.Override, c.Period, c.Reason
		out.Since, out.Until = c.Since, c.Until
	}
	if !d.Passes() {
		out.Redirect = rules.RedirectURL
	}
	return out
}

func (v view) explain(w io.Writer, method, target string, rules core.Config, s state, d core.Decision) {
	fmt.Fprintf(w, label, "request", safe(method)+" "+safe(target))
	fmt.Fprintf(w, label, "at", clock(s.Time, v.loc))
	word := v.up("passes")
	if !d.Passes() {
		word = v.down("refused")
	}
	switch d.Outcome {
	case core.Open:
		word += ": the site is up"
	case core.Exempt, core.Bypassed:
		word += fmt.Sprintf(": %s by the rule %s", d.Outcome, safe(d.Rule))
	case core.Blocked:
		word += ": no rule lets it pass"
	}
	fmt.Fprintf(w, label, "decision", word)
	if d.Closure == nil {
		return
	}
	switch d.Closure.Cause {
	case core.CauseOverride:
		fmt.Fprintf(w, label, "because", "down by override ("+safe(d.Closure.Override)+")")
	default:
		fmt.Fprintf(w, label, "state", v.headline(s))
		if p, ok := s.Document.Find(d.Closure.Period); ok {
			v.period(w, "because", p, s.Time)
		}
	}
	if !d.Passes() && rules.RedirectURL != "" {
		fmt.Fprintf(w, label, "answer", "GET and HEAD that accept HTML are sent to "+safe(rules.RedirectURL)+", but for the target itself")
	}
}
