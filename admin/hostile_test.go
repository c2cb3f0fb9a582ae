package admin_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// hostileTexts would be markup, script or another line if they were not escaped.
var hostileTexts = []string{
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	`' autofocus onfocus='alert(1)`,
	`</textarea></title><svg onload=alert(1)>`,
	`{{.}}{{template "top"}}`,
	"line\u2028separator\u2029",
	"javascript:alert(1)",
	"\u202egnp.exe",
	`<!--<script>`,
	`&lt;b&gt;`,
	"control \x1b[31mred\x07",
	`` + "`${alert(1)}`",
}

// elements are all start tags in a page, without the values of their attributes.
var (
	startTags = regexp.MustCompile(`<[a-zA-Z!][^\s>/]*`)
	handlers  = regexp.MustCompile(`(?i)<[^>]*\son[a-z]+\s*=`)
	quoted    = regexp.MustCompile(`"[^"]*"`)
)

// acts reports whether some element has an event handler.
func acts(page string) bool { return handlers.MatchString(quoted.ReplaceAllString(page, `""`)) }

func elements(r reply) map[string]int {
	out := map[string]int{}
	for _, tag := range startTags.FindAllString(r.Body.String(), -1) {
		out[strings.ToLower(tag)]++
	}
	return out
}

func TestInputNeverBecomesMarkup(t *testing.T) {
	t.Parallel()
	pages := func(t *testing.T, text, who string) map[string]reply {
		t.Helper()
		c := newPages(t, pageSettings{page: func(c *admin.Config) {
			c.Actor = func(context.Context, *http.Request) string { return who }
			c.Origin = func(context.Context, *http.Request) string { return who }
		}})
		begun := c.follow(c.post("start", "reason", text, "revision", "0", "zone", "UTC"))
		p := c.only()
		window := c.plan(who, operator.WindowOptions{Start: time.Now().Add(time.Hour), EndAfter: time.Hour, Reason: text, Holder: who})
		_, err := operator.Operator{Store: c.store, Actor: who, Origin: who}.Edit(t.Context(), p.ID, operator.EditOptions{Reason: new(text + "!")})
		require.NoError(t, err)
		return map[string]reply{
			"begun": begun, "now": c.get(""), "schedule": c.get("schedule"), "edit": c.get("edit?id=" + p.ID), "log": c.get("log"),
			"end": c.ask("end", "id", p.ID, "version", "2"), "delete": c.ask("delete", "id", window.ID, "version", "1"),
			"review": c.ask("start", "reason", text, "revision", "3", "zone", "UTC"), "visitors": c.get("visitors"), "fleet": c.get("fleet"),
			"visitors' page": c.get("visitors.htm"),
			"zone":           c.post("zone", "zone", text, "back", text),
			"fault":          c.post("start", "reason", text, "until", text, "for", text, "until_offset", text, "zone", text, "revision", "3"),
			"conflict":       c.post("edit", "id", p.ID, "version", "1", "reason", text+"?", "zone", "UTC", "end", text, "expected_end", text),
			"gone":           c.post("edit", "id", "gone", "version", "1", "start", text, "reason", text, "zone", text),
			"asked for":      c.get("edit?id=" + url.QueryEscape(text)),
		}
	}
	plain := pages(t, "plain", "ann")
	for i, text := range hostileTexts {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			for name, w := range pages(t, text, text) {
				require.Equal(t, elements(plain[name]), elements(w), "%s: the same elements as with plain text", name)
				require.False(t, acts(w.Body.String()), name)
				require.NotContains(t, w.Header().Get("Location"), "javascript")
				require.NotContains(t, w.Body.String(), `href="javascript`)
			}
		})
	}
}

func TestLogHoldsWhatWasDoneAndNoSecrets(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-of-the-session"
	c := newPages(t, pageSettings{})
	for _, path := range []string{"start", "end-all", "schedule", "edit", "nothing", "log"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			form := url.Values{"reason": {"multi\nline\x1b[31m"}, "revision": {"0"}, "zone": {"UTC"}}
			if path == "start" {
				form.Set("reviewed", c.reviewOfStart())
			}
			r := httptest.NewRequestWithContext(t.Context(), method, mount+"/"+path+"?token="+secret+"&id="+secret, strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Authorization", "Bearer "+secret)
			r.Header.Set("X-Api-Key", secret)
			r.Header.Set("Referer", "https://example.com/?token="+secret)
			r.Header.Set("User-Agent", "curl\n"+secret)
			r.AddCookie(&http.Cookie{Name: "session", Value: secret})
			c.send(r)
		}
	}
	log := c.log.String()
	require.NotContains(t, log, secret)
	require.Contains(t, log, `msg="downtime: operator's page" done=started`)
	require.Contains(t, log, "actor=alice")
	require.Contains(t, log, `origin="page from 192.0.2.1"`)
	require.NotContains(t, log, "\x1b")
	for line := range strings.Lines(log) {
		require.True(t, strings.HasPrefix(line, "time="), "one entry, one line: %q", line)
	}
}

func TestPanicsAreLoggedOnceByTheirKind(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{page: func(c *admin.Config) {
		c.Actor = func(context.Context, *http.Request) string { panic("session s3cr3t") }
	}})
	for range 3 {
		require.Equal(t, http.StatusForbidden, c.get("").Code)
	}
	require.Equal(t, 1, strings.Count(c.log.String(), "panicked"), c.log.String())
	require.Contains(t, c.log.String(), "panic=string")
	require.NotContains(t, c.log.String(), "s3cr3t")
}

func TestAddressIsTheConnectionsAndNoHeaderIsBelieved(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"192.0.2.7:1234": "page from 192.0.2.7", "[2001:db8::1]:80": "page from 2001:db8::1", "[::ffff:192.0.2.7]:80": "page from 192.0.2.7",
		"192.0.2.8": "page from 192.0.2.8", "@": "page from an unknown address", "": "page from an unknown address", "evil\n:x": "page from an unknown address",
	} {
		c := newPages(t, pageSettings{})
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, mount+"/start", strings.NewReader("revision=0&zone=UTC&reviewed="+c.reviewOfStart()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.RemoteAddr = remote
		for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "True-Client-Ip"} {
			r.Header.Set(name, "127.0.0.1")
		}
		require.Equal(t, http.StatusSeeOther, c.send(r).Code)
		entries, err := operator.Operator{Store: c.store}.Log(t.Context(), 1)
		require.NoError(t, err)
		require.Equal(t, want, entries[0].Origin, remote)
	}
}

// FuzzForms sends bodies to every path that takes one. The page always answers, and the store
// always holds a valid document.
func FuzzForms(f *testing.F) {
	paths := []string{"start", "end", "end-all", "add", "edit", "enable", "enable-now", "disable", "delete", "zone"}
	for i := range paths {
		f.Add(uint8(i), "reason=x&for=15m&revision=0&zone=UTC")
		f.Add(uint8(i), "id=kfm2xq&version=1")
		f.Add(uint8(i), "start=2097-10-27T02:30&start_offset=%2B02:00&end=2040-12-31T12:00&zone=Europe/Berlin&enabled=yes")
		f.Add(uint8(i), "id=kfm2xq&version=1&start=2097-03-31T02:30&no_end=yes&zone=Australia/Lord_Howe&reason=%00%ff")
		f.Add(uint8(i), "zone=../../etc/passwd&back=https://evil.example")
		f.Add(uint8(i), "revision=1&anew=yes")
		f.Add(uint8(i), "a=%zz;b&&&=&=")
	}
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		st := memstore.New()
		begun, err := operator.Operator{Store: st, Actor: "bob"}.Schedule(t.Context(), operator.WindowOptions{Start: time.Now().Add(time.Hour), EndAfter: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		c := newPages(t, pageSettings{store: st, page: func(c *admin.Config) { c.Logger = slog.New(slog.DiscardHandler) }})
		path := paths[int(which)%len(paths)]
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, mount+"/"+path, strings.NewReader(strings.ReplaceAll(body, "kfm2xq", begun.Period.ID)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := c.send(r)
		switch w.Code {
		case http.StatusSeeOther:
			if to := w.Header().Get("Location"); strings.Contains(to, ":") || !strings.HasPrefix(to, mount+"/") {
				t.Fatalf("%s leads to %q", path, to)
			}
		case http.StatusOK: // a review
		case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		default:
			t.Fatalf("%s answers %d to %q: %s", path, w.Code, body, w.Body)
		}
		if acts(w.Body.String()) {
			t.Fatalf("%q became an attribute", body)
		}
		for _, p := range documentOf(t, st).Periods {
			if err := p.Validate(); err != nil {
				t.Fatalf("%q wrote %v", body, err)
			}
		}
	})
}
