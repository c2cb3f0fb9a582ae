package admin_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

var updateDocs = flag.Bool("update-docs", false, "write the answers in docs/api.md anew instead of comparing with them")

const (
	docsPage = "../docs/api.md"
	docsKey  = "4f1c5d0a9e7b2c386d5f"
)

// TestAPIDocs runs the examples of docs/api.md in their order, a minute apart, and compares the
// answers. Ids, digests and tags are random: equal ones in the page must be equal in the run.
func TestAPIDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(docsPage)
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 21, 1, 30, 0, 0, time.UTC)))
		page, refresh := docsSite(t)
		names := renamed{}
		n := 0
		got := regexp.MustCompile("(?s)```console\n\\$ (curl [^`]*?)\n(HTTP/1.1 .*?)```").ReplaceAllStringFunc(string(text), func(example string) string {
			n++
			command, want, _ := strings.Cut(strings.TrimPrefix(example, "```console\n$ "), "\nHTTP/1.1 ")
			want = "HTTP/1.1 " + strings.TrimSuffix(want, "```")
			refresh()
			w := httptest.NewRecorder()
			page.ServeHTTP(w, docsRequest(t, names.there(command)))
			answer := docsAnswer(w)
			answer = docsElide(want, answer)
			names.learn(want, answer)
			answer = names.back(answer)
			if !*updateDocs {
				require.Equal(t, want, answer, command)
			}
			time.Sleep(time.Minute)
			return "```console\n$ " + command + "\n" + answer + "```"
		})
		require.Greater(t, n, 12, "examples")
		if *updateDocs {
			require.NoError(t, os.WriteFile(docsPage, []byte(got), 0o644))
		}
	})
}

// docsSite is the site of the examples, and a function that makes its gate read.
func docsSite(t *testing.T) (page http.Handler, refresh func()) {
	t.Helper()
	cfg := core.Config{Store: docsStore{memstore.New()}, Logger: slog.New(slog.DiscardHandler)}
	admin.Exempt(&cfg, apiMount)
	gate, err := core.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = gate.Shutdown(context.WithoutCancel(t.Context())) })
	page, err = admin.New(gate, admin.Config{
		Path:      apiMount,
		Authorize: core.APIKeyHeader("X-Ops-Key", core.KeyLiteral(docsKey)),
		Actor:     func(context.Context, *http.Request) string { return "deploy-bot" },
		Logger:    slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return page, func() {
		require.NoError(t, gate.Refresh(t.Context()))
		synctest.Wait()
	}
}

// docsStore has two instances, one of which is silent.
type docsStore struct{ *memstore.Store }

func (s docsStore) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	set, err := s.Store.ListRows(ctx, have)
	if err != nil {
		return set, err
	}
	doc, err := period.Decode(set.Blob.Bytes)
	if err != nil {
		return set, err
	}
	now := set.Blob.Now
	row := period.Row{
		ID: "k3v9x2m4q7w8r5t6", Host: "web1", PID: 4711, App: "v1.8.2", Version: "v0.1.0", Started: now.Add(-48 * time.Hour),
		Seq: 1204, Reads: period.Reads(), Rules: "9b74c9897bac", Policy: "keep", FirstStart: "refuse",
		State: period.Open, StoreID: doc.StoreID, Revision: doc.Revision, WriteID: doc.WriteID, InFlight: 12, Judged: 3805,
	}
	other := row
	other.ID, other.Host, other.Revision = "p4d7h9j2n5s8v3z6", "web2", doc.Revision-1
	if entries, _ := doc.Log.Entries(); len(entries) > 1 {
		other.WriteID = entries[1].Write + ".b9719d911017c592"
	}
	set.Since = now.Add(-48 * time.Hour)
	set.Rows = []store.Row{
		{Key: row.ID, Seen: now.Add(-4 * time.Second), Lease: now.Add(56 * time.Second), Life: store.Live},
		{Key: other.ID, Seen: now.Add(-5 * time.Minute), Lease: now.Add(-4 * time.Minute), Life: store.Expired},
	}
	for i, row := range []period.Row{row, other} {
		if set.Rows[i].Bytes, err = row.Encode(); err != nil {
			return set, err
		}
	}
	return set, nil
}

// docsRequest is the request that a command line of curl sends.
func docsRequest(t *testing.T, command string) *http.Request {
	t.Helper()
	method, target, body := "", "", ""
	h := http.Header{}
	words := docsWords(t, command)
	require.Equal(t, "curl", words[0])
	for i := 1; i < len(words); i++ {
		switch word := words[i]; word {
		case "-sS", "-i", "-sSi":
		case "-H", "-X", "--json":
			i++
			switch {
			case word == "-X":
				method = words[i]
			case word == "--json":
				body = words[i]
				h.Set("Content-Type", "application/json")
			case words[i] == "@key.txt":
				h.Set("X-Ops-Key", docsKey)
			default:
				name, value, ok := strings.Cut(words[i], ": ")
				require.True(t, ok, words[i])
				h.Set(name, value)
			}
		default:
			path, ok := strings.CutPrefix(word, "$API/")
			require.True(t, ok, word)
			target = apiMount + "/api/v1/" + path
		}
	}
	if method == "" {
		method = http.MethodGet
		if body != "" {
			method = http.MethodPost
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	r.Header = h
	return r
}

// docsWords are the words of a command line, as a shell splits it.
func docsWords(t *testing.T, line string) []string {
	t.Helper()
	line = strings.ReplaceAll(line, "\\\n", " ")
	words := regexp.MustCompile(`'[^']*'|"[^"]*"|[^\s'"]+`).FindAllString(line, -1)
	for i, word := range words {
		words[i] = strings.Trim(word, `'"`)
		if strings.HasPrefix(word, "'") {
			words[i] = strings.Trim(word, "'")
		}
	}
	return words
}

// docsAnswer is an answer as the page shows it, without the headers that all answers have.
func docsAnswer(w *httptest.ResponseRecorder) string {
	var out strings.Builder
	fmt.Fprintf(&out, "HTTP/1.1 %d %s\n", w.Code, http.StatusText(w.Code))
	for _, name := range []string{"Accept-Patch", "Allow", "Content-Type", "Etag", "Location"} {
		if value := w.Header().Get(name); value != "" {
			fmt.Fprintf(&out, "%s: %s\n", name, value)
		}
	}
	if w.Body.Len() > 0 {
		out.WriteString("\n" + w.Body.String())
	}
	return out.String()
}

// elided is a member whose value the page leaves out.
var elided = regexp.MustCompile(`(?m)^( *"\w+": )(?:\{…\}|\[…\])`)

// docsElide removes from an answer the parts that the page leaves out.
func docsElide(page, answer string) string {
	for _, m := range elided.FindAllStringSubmatch(page, -1) {
		indent := m[1][:strings.IndexByte(m[1], '"')]
		value := regexp.MustCompile(`(?m)^` + m[1] + `([{\[])\n(?:` + indent + ` .*\n)+` + indent + `([}\]])`)
		if at := value.FindStringSubmatchIndex(answer); at != nil {
			answer = answer[:at[0]] + m[1] + answer[at[2]:at[3]] + "…" + answer[at[4]:at[5]] + answer[at[1]:]
		}
	}
	return answer
}

// renamed maps random values of the page to those of the run.
type renamed map[string]string

// arbitrary finds the random values.
var arbitrary = regexp.MustCompile(`W/"[0-9a-f]{20}"|Etag: "\d+-[0-9a-f]{8}"|"(?:id|store_id|write_id|write|instance)": "[^".]*|\.[0-9a-f]{16}"|Location: \S+`)

// value is the random part of a match of arbitrary.
func value(found string) string {
	switch {
	case strings.HasPrefix(found, "W/"):
		return found[3 : len(found)-1]
	case strings.HasPrefix(found, "Etag"):
		_, tag, _ := strings.Cut(strings.Trim(found, `"`), "-")
		return tag
	case strings.HasPrefix(found, "."): // the digest of a write id
		return found[1 : len(found)-1]
	case strings.HasPrefix(found, "Location"):
		return found[strings.LastIndexByte(found, '/')+1:]
	}
	_, v, _ := strings.Cut(found, ": ")
	return strings.Trim(v, `"`)
}

// learn maps the random values of the page to those at the same place of the run, unless one
// of the two is known already.
func (n renamed) learn(page, run string) {
	there := arbitrary.FindAllString(run, -1)
	for i, found := range arbitrary.FindAllString(page, -1) {
		if i >= len(there) {
			return
		}
		if _, known := n[value(found)]; !known && n.back(there[i]) == there[i] {
			n[value(found)] = value(there[i])
		}
	}
}

// there is a text of the page with the values of the run.
func (n renamed) there(text string) string {
	for page, run := range n {
		text = strings.ReplaceAll(text, page, run)
	}
	return text
}

// back is a text of the run with the values of the page.
func (n renamed) back(text string) string {
	for page, run := range n {
		text = strings.ReplaceAll(text, run, page)
	}
	return text
}
