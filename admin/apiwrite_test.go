package admin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store/filestore"
	"github.com/go-downtime/downtime/store/memstore"
)

func TestAPIWindowFromPlanToEnd(t *testing.T) {
	t.Parallel()
	c := newAPI(t, memstore.New())
	id := c.plan()
	require.Equal(t, http.StatusOK, c.do("PATCH", "periods/"+id, `{"enabled": false}`, header{"If-Match", `"1"`}).Code)
	require.Equal(t, "disabled", c.do("GET", "periods/"+id, "").at("status"))

	early := c.do("POST", "end", `{"id": "`+id+`"}`, header{"If-Match", `"2"`})
	require.Equal(t, http.StatusConflict, early.Code)
	require.Equal(t, "not-in-force", early.at("code"))
	require.Equal(t, id, early.at("period", "id"))

	require.Equal(t, http.StatusOK, c.do("PATCH", "periods/"+id, `{"enabled": true, "start_now": true, "end": null}`, header{"If-Match", `"2"`}).Code)
	late := c.do("DELETE", "periods/"+id, "", header{"If-Match", `"3"`})
	require.Equal(t, http.StatusConflict, late.Code)
	require.Equal(t, "in-force", late.at("code"))
	require.Equal(t, "in-force", late.at("period", "status"))

	require.Equal(t, "up", c.do("POST", "end", `{"id": "`+id+`"}`, header{"If-Match", `"3"`}).at("result"))
	require.Equal(t, http.StatusNotFound, c.do("GET", "periods/"+id, "").Code)

	gone := c.do("DELETE", "periods/"+c.plan(), "", header{"If-Match", `"1"`})
	require.Equal(t, http.StatusOK, gone.Code)
	require.Equal(t, "canceled", gone.at("period", "status"))
	require.Empty(t, gone.Header().Get("ETag"))
}

func TestAPIAutomaticEnd(t *testing.T) {
	t.Parallel()
	c := newAPI(t, memstore.New())
	begun := c.do("POST", "start", `{"end": "2097-01-01T00:00:00Z", "holder": "CI 7"}`)
	require.Equal(t, "2097-01-01T00:00:00Z", begun.at("period", "end"))
	require.Nil(t, begun.at("period", "expected_end"))
	require.Equal(t, "CI 7", begun.at("period", "holder"))
	require.Equal(t, "alice", begun.at("period", "created_by"))
}

func TestAPIReasonsInSeveralLanguages(t *testing.T) {
	t.Parallel()
	c := newAPI(t, memstore.New())
	begun := c.do("POST", "start", `{"reason": "Disks", "reason_lang": "en", "reasons": {"de": "Platten", "fr": "Disques"}}`)
	require.Equal(t, http.StatusCreated, begun.Code, begun.Body.String())
	require.Equal(t, "Platten", begun.at("period", "reasons", "de"))
	again := c.do("POST", "start", `{"reasons": {"it": "Dischi"}}`)
	require.Equal(t, http.StatusOK, again.Code)
	require.Equal(t, "Dischi", again.at("period", "reasons", "it"))
	require.Equal(t, "Platten", again.at("period", "reasons", "de"), "it was not named, and stays")
	id, _ := begun.at("period", "id").(string)

	patch := func(version, body string) apiReply {
		return c.do("PATCH", "periods/"+id, body, header{"If-Match", `"` + version + `"`})
	}
	changed := patch("2", `{"reasons": {"de": "Größere Platten", "fr": null}}`)
	require.Equal(t, http.StatusOK, changed.Code, changed.Body.String())
	require.Equal(t, map[string]any{"de": "Größere Platten", "it": "Dischi"}, changed.at("period", "reasons"))
	require.Equal(t, "Disks", changed.at("period", "reason"))
	for body, field := range map[string]string{
		`{"reasons": {"German": "x"}}`:        "reasons",
		`{"reasons": {"en": "x"}}`:            "reasons.en",
		`{"reason_lang": null}`:               "reason_lang",
		`{"reasons": null}`:                   "reasons",
		`{"reasons": {"de": 1}}`:              "reasons.de",
		`{"reasons": {"de": "a", "de": "b"}}`: "reasons.de",
	} {
		w := patch("3", body)
		require.Contains(t, w.Body.String(), `"field": "`+field+`"`, body)
		require.NotEqual(t, http.StatusOK, w.Code)
	}
	require.Nil(t, patch("3", `{"reason": null}`).at("period", "reasons"), "in all languages")

	planned := c.do("POST", "periods", `{"start": "2097-01-01T00:00:00Z", "end": null, "reason": "Disks", "reason_lang": "en", "reasons": {"pt-BR": "Discos"}}`)
	require.Equal(t, "Discos", planned.at("period", "reasons", "pt-BR"))
}

func TestAPIHold(t *testing.T) {
	t.Parallel()
	c := newAPI(t, memstore.New())
	require.EqualValues(t, 20, c.do("POST", "start", `{"hold": 20}`).at("period", "hold"))
	require.EqualValues(t, 20, c.do("POST", "start", `{"reason": "the hold stays"}`).at("period", "hold"))
	require.Nil(t, c.do("POST", "start", `{"hold": 0}`).at("period", "hold"))
	window := c.do("POST", "periods", member(tomorrow, `"hold": 30`))
	require.EqualValues(t, 30, window.at("period", "hold"))
	path := "periods/" + window.text("period", "id")
	require.EqualValues(t, 5, c.do("PATCH", path, `{"hold": 5}`, header{"If-Match", `"1"`}).at("period", "hold"))
	require.EqualValues(t, 5, c.do("PATCH", path, `{"reason": "the hold stays"}`, header{"If-Match", `"2"`}).at("period", "hold"))
	require.Nil(t, c.do("PATCH", path, `{"hold": 0}`, header{"If-Match", `"3"`}).at("period", "hold"))
	for _, hold := range []string{"-1", "601", "9223372036854775807", `"20s"`} {
		for _, wrong := range []apiReply{
			c.do("POST", "start", `{"hold": `+hold+`}`), c.do("POST", "periods", member(tomorrow, `"hold": `+hold)),
			c.do("PATCH", path, `{"hold": `+hold+`}`, header{"If-Match", `"4"`}),
		} {
			require.Equal(t, http.StatusBadRequest, wrong.Code)
			require.Contains(t, wrong.Body.String(), `"field": "hold"`)
		}
	}
}

func TestAPITwoWriters(t *testing.T) {
	t.Parallel()
	for name, store := range apiStores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := store(t)
			alice, bob := newAPI(t, st), newAPI(t, st)
			id := alice.plan()
			seen := alice.do("GET", "periods/"+id, "").Header().Get("ETag")
			require.Equal(t, http.StatusOK, bob.do("PATCH", "periods/"+id, `{"reason": "Bob's"}`, header{"If-Match", seen}, header{"X-User", "bob"}).Code)

			lost := alice.do("PATCH", "periods/"+id, `{"reason": "Alice's"}`, header{"If-Match", seen})
			require.Equal(t, http.StatusPreconditionFailed, lost.Code)
			require.Equal(t, "stale", lost.at("code"))
			require.Equal(t, "Bob's", lost.at("period", "reason"))
			require.Equal(t, "bob", lost.at("period", "updated_by"))
			require.Equal(t, "Bob's", alice.do("GET", "periods/"+id, "").at("reason"))

			require.Equal(t, http.StatusOK, alice.do("PATCH", "periods/"+id, `{"reason": "Alice's"}`, header{"If-Match", fmt.Sprintf(`"%v"`, lost.at("period", "version"))}).Code)
		})
	}
}

func TestAPIEndAllEndsNothingThatWasBegunSince(t *testing.T) {
	t.Parallel()
	c := newAPI(t, memstore.New())
	require.Equal(t, http.StatusCreated, c.do("POST", "start", `{"holder": "a"}`).Code)
	seen := c.do("GET", "state", "")
	require.Equal(t, http.StatusCreated, c.do("POST", "start", `{"holder": "b"}`, header{"X-User", "bob"}).Code)
	all := func(s apiReply) string { return fmt.Sprintf(`{"all": true, "revision": %v}`, s.at("revision")) }

	stale := c.do("POST", "end", all(seen))
	require.Equal(t, http.StatusConflict, stale.Code, stale.Body)
	require.Equal(t, "stale", stale.at("code"))
	require.Len(t, stale.at("state", "in_force"), 2)

	done := c.do("POST", "end", fmt.Sprintf(`{"all": true, "revision": %v}`, stale.at("state", "revision")))
	require.Equal(t, http.StatusOK, done.Code)
	require.Equal(t, "up", done.at("result"))
	require.Len(t, done.at("ended"), 2)

	nothing := c.do("POST", "end", all(c.do("GET", "state", "")))
	require.Equal(t, http.StatusConflict, nothing.Code)
	require.Equal(t, "nothing-to-end", nothing.at("code"))
	require.Equal(t, "up", nothing.at("state", "state"))
}

func TestAPIStartOnlyIfNothingWasWrittenSince(t *testing.T) {
	t.Parallel()
	c := newAPI(t, memstore.New())
	require.Equal(t, http.StatusCreated, c.do("POST", "start", `{"revision": 0}`).Code)
	stale := c.do("POST", "start", `{"revision": 0}`)
	require.Equal(t, http.StatusConflict, stale.Code)
	require.Equal(t, "stale", stale.at("code"))
	require.Equal(t, "down", stale.at("state", "state"))
}

func TestAPIEndWithOthersStillHoldingTheSiteDown(t *testing.T) {
	t.Parallel()
	c := newAPI(t, memstore.New())
	mine := c.do("POST", "start", `{"holder": "mine"}`).text("period", "id")
	theirs := c.do("POST", "start", `{"holder": "theirs"}`).text("period", "id")
	ended := c.do("POST", "end", `{"id": "`+mine+`"}`, header{"If-Match", `"1"`})
	require.Equal(t, http.StatusOK, ended.Code)
	require.Equal(t, "still-down", ended.at("result"))
	require.Equal(t, "down", ended.at("state", "state"))
	require.Equal(t, "ended", ended.at("ended").([]any)[0].(map[string]any)["status"])
	require.Equal(t, theirs, ended.at("state", "in_force").([]any)[0].(map[string]any)["id"])
}

func TestAPIUnknownPeriod(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ method, path, body string }{
		"get":    {"GET", "periods/nobody", ""},
		"edit":   {"PATCH", "periods/nobody", `{"reason": "x"}`},
		"delete": {"DELETE", "periods/nobody", ""},
		"end":    {"POST", "end", `{"id": "nobody"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newAPI(t, memstore.New())
			got := c.do(tt.method, tt.path, tt.body, header{"If-Match", `"1"`})
			require.Equal(t, http.StatusNotFound, got.Code)
			require.Equal(t, "not-found", got.at("code"))
			require.Zero(t, c.mark())
		})
	}
}

func TestAPIBeginsAnewOnlyWhereTheDocumentIsLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	st, err := filestore.New(filepath.Join(dir, "downtime.json"))
	require.NoError(t, err)
	c := newAPI(t, st)
	require.Equal(t, http.StatusCreated, c.do("POST", "start", `{}`).Code)
	const anew = `{"all": true, "revision": 0}`
	there := c.do("POST", "end", anew)
	require.Equal(t, http.StatusConflict, there.Code)
	require.Equal(t, "stale", there.at("code"))

	require.NoError(t, os.Remove(filepath.Join(dir, "downtime.json")))
	require.Equal(t, "store-lost", c.do("GET", "state", "").at("code"))
	require.Equal(t, "store-lost", c.do("POST", "start", `{}`).at("code"))
	begun := c.do("POST", "end", anew)
	require.Equal(t, http.StatusOK, begun.Code, begun.Body)
	require.Equal(t, "up", begun.at("result"))
	require.Empty(t, begun.at("ended"))
	last := c.do("GET", "log", "").at("entries").([]any)[0].(map[string]any)
	require.Equal(t, "lost", last["anew"])
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, apiMount+"/log", http.NoBody)
	r.Header.Set("X-User", "alice")
	w := httptest.NewRecorder()
	c.page.ServeHTTP(w, r)
	require.Contains(t, w.Body.String(), "began anew: the document was lost")
}

func TestAPIRefusesAWriteThatALiveInstanceCannotRead(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	c := newAPI(t, st)
	report(t, st, period.Row{ID: "old", Host: "web1", State: period.Open, Reads: []string{"format"}}, time.Minute)
	refused := c.do("POST", "start", `{}`)
	require.Equal(t, http.StatusConflict, refused.Code, refused.Body)
	require.Equal(t, "not-readable-by-all", refused.at("code"))
	require.Nil(t, refused.at("state"), "another state is not the reason")
	require.Zero(t, c.mark(), "nothing was written")
}

// TestPageBeginsAnewOnlyWhereTheDocumentIsLost: the document was lost when the form was made,
// and is back when the form is sent.
func TestPageBeginsAnewOnlyWhereTheDocumentIsLost(t *testing.T) {
	t.Parallel()
	c := newAPI(t, memstore.New())
	require.Equal(t, http.StatusCreated, c.do("POST", "start", `{}`).Code)
	mark := c.mark()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, apiMount+"/end-all", strings.NewReader("anew=yes"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-User", "alice")
	w := httptest.NewRecorder()
	c.page.ServeHTTP(w, r)
	require.Equal(t, http.StatusConflict, w.Code)
	require.Equal(t, mark, c.mark(), "nothing was ended")
}

func TestAPILogsEachWrite(t *testing.T) {
	t.Parallel()
	c := newAPI(t, memstore.New())
	id := c.plan()
	require.Equal(t, http.StatusOK, c.do("DELETE", "periods/"+id, "", header{"If-Match", `"1"`}).Code)
	for _, code := range []string{"planned", "deleted"} {
		require.Regexp(t, `msg="downtime: operator's page" done=`+code+` periods=\[`+id+`\] revision=\d actor=alice origin="page from 192\.0\.2\.1"`, c.log.String())
	}
}

func TestAPIOneOfManyWritersWins(t *testing.T) {
	t.Parallel()
	for name, store := range apiStores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newAPI(t, store(t))
			id := c.plan()
			const writers = 8
			codes := make([]int, writers)
			var all sync.WaitGroup
			for i := range writers {
				all.Go(func() {
					r := httptest.NewRequestWithContext(t.Context(), http.MethodPatch, apiMount+"/api/v1/periods/"+id, strings.NewReader(fmt.Sprintf(`{"reason": "%d"}`, i)))
					r.Header.Set("X-User", "alice")
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("If-Match", `"1"`)
					w := httptest.NewRecorder()
					c.page.ServeHTTP(w, r)
					codes[i] = w.Code
				})
			}
			all.Wait()
			slices.Sort(codes)
			require.Equal(t, append([]int{http.StatusOK}, slices.Repeat([]int{http.StatusPreconditionFailed}, writers-1)...), codes)
			require.Equal(t, int64(2), c.mark().Revision)
		})
	}
}
