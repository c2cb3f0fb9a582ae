package cli

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/store/memstore"
)

func TestCheckByTheRulesOfTheApplication(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	cfg := core.Config{
		ExemptExact: []string{"/healthz"},
		Bypass:      []core.Predicate{core.Func("staff", func(_ context.Context, r *http.Request) bool { return r.Header.Get("Staff") != "" })},
	}
	code, _, stderr := run(t, st, "start", "--no-wait", "--holder", "x")
	require.Equal(t, ExitDone, code, stderr)
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"an exempt path": {[]string{"GET", "/healthz"}, ExitDone, "decision   passes: exempt by the rule /healthz\n"},
		"a predicate":    {[]string{"GET", "/", "--header", "Staff: 1"}, ExitDone, "decision   passes: bypassed by the rule staff\n"},
		"no rule":        {[]string{"GET", "/shop"}, ExitDown, "decision   refused: no rule of the site lets it pass\n"},
		"as JSON":        {[]string{"GET", "/shop", "--json"}, ExitDown, "\"rules\": \"site\",\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			code := Main(t.Context(), append([]string{"check", "--exit-code"}, test.args...), nil, &out, &errs, WithStore(st), WithConfig(cfg))
			require.Equal(t, test.code, code, errs.String())
			require.Contains(t, out.String(), test.want)
		})
	}
	var errs bytes.Buffer
	code = Main(t.Context(), []string{"check", "GET", "/", "--exempt-path", "/x"}, nil, nil, &errs, WithStore(st), WithConfig(cfg))
	require.Equal(t, ExitUsage, code, "the rules are known, so no flag names others")
}

func TestFaultsNameTheFlagThatWasGiven(t *testing.T) {
	t.Setenv(envStore, "file:/nonexistent/other-site.json")
	for _, args := range [][]string{
		{"start", "--no-wait", "--store", ""},
		{"start", "--no-wait", "--tz", "", "--store", "file:x"},
		{"start", "--no-wait", "--until", ""},
		{"start", "--no-wait", "--actor", ""},
		{"end", "--holder", ""},
		{"schedule", "--start", "23:00", "--for", "1h", "--holder="},
		{"edit", "x", "--until="},
		{"check", "GET", "/", "--at", ""},
		{"reconcile", "--replaces", ""},
	} {
		var errs bytes.Buffer
		require.Equal(t, ExitUsage, Main(t.Context(), args, nil, nil, &errs), args)
		require.Contains(t, errs.String(), ": is empty: give a value, or leave the flag out\n", args)
	}
	for want, args := range map[string][]string{
		"downtime: --store: names no file; want file:PATH\n":   {"status", "--store", "file:"},
		"downtime: --holder: \" \": is missing; say whose":     {"start", "--no-wait", "--store", "file:x", "--holder", " "},
		"downtime: --actor: \" \": is missing; say whose":      {"start", "--no-wait", "--store", "file:x", "--actor", " "},
		"downtime: --actor: \"257 bytes\": want at most 256 b": {"start", "--no-wait", "--store", "file:x", "--actor", strings.Repeat("a", 257)},
	} {
		var errs bytes.Buffer
		require.Equal(t, ExitUsage, Main(t.Context(), args, nil, nil, &errs), args)
		require.True(t, strings.HasPrefix(errs.String(), want), errs.String())
		require.Equal(t, 1, strings.Count(errs.String(), "--"), "it names the flag once: %s", errs.String())
	}
	var errs bytes.Buffer
	require.Equal(t, ExitFailed, Main(t.Context(), []string{"start", "--no-wait", "--reason", ""}, nil, nil, &errs))
	require.Contains(t, errs.String(), "other-site")
	t.Setenv(envStore, "file:")
	errs.Reset()
	require.Equal(t, ExitUsage, Main(t.Context(), []string{"status"}, nil, nil, &errs))
	require.Equal(t, "downtime: DOWNTIME_STORE: names no file; want file:PATH\n", errs.String())
}
