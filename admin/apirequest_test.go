package admin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store/memstore"
)

// TestAPIBadRequests sends each bad request to each path that takes a body.
func TestAPIBadRequests(t *testing.T) {
	t.Parallel()
	targets := map[string]struct{ method, path, body string }{
		"start":    {"POST", "start", `{"reason": "x"}`},
		"end":      {"POST", "end", `{"id": "ID"}`},
		"schedule": {"POST", "periods", tomorrow},
		"edit":     {"PATCH", "periods/ID", `{"reason": "x"}`},
	}
	type request struct {
		body    string
		headers []header
		query   string
		status  int
		code    string
	}
	member := func(body, more string) string { return strings.TrimSuffix(body, "}") + ", " + more + "}" }
	cases := map[string]func(good string) request{
		"no body": func(string) request {
			return request{body: "", headers: []header{{"Content-Type", "application/json"}}, status: 400, code: "invalid"}
		},
		"not JSON": func(string) request { return request{body: "reason=x", status: 400, code: "invalid"} },
		"an array": func(good string) request { return request{body: "[" + good + "]", status: 400, code: "invalid"} },
		"null":     func(string) request { return request{body: "null", status: 400, code: "invalid"} },
		"an unknown member": func(good string) request {
			return request{body: member(good, `"resaon": "x"`), status: 400, code: "invalid"}
		},
		"a member twice": func(good string) request {
			return request{body: member(good, strings.TrimPrefix(strings.Split(good, ",")[0], "{")), status: 400, code: "invalid"}
		},
		"a member in upper case": func(good string) request {
			return request{body: strings.Replace(good, `{"`, `{"R`, 1), status: 400, code: "invalid"}
		},
		"a name in another case": func(good string) request {
			return request{body: strings.ToUpper(good[:4]) + good[4:], status: 400, code: "invalid"}
		},
		"something behind it": func(good string) request { return request{body: good + good, status: 400, code: "invalid"} },
		"a byte behind it":    func(good string) request { return request{body: good + "\x00", status: 400, code: "invalid"} },
		"cut off":             func(good string) request { return request{body: good[:len(good)-1], status: 400, code: "invalid"} },
		"deep": func(string) request {
			return request{body: strings.Repeat(`{"a":`, 12_000), status: 400, code: "invalid"}
		},
		"64 KiB and a byte": func(good string) request {
			return request{body: good + strings.Repeat(" ", 64<<10+1-len(good)), status: 413, code: "too-large"}
		},
		"an endless string": func(string) request {
			return request{body: `{"reason": "` + strings.Repeat("x", 1<<20), status: 413, code: "too-large"}
		},
		"text": func(good string) request {
			return request{body: good, headers: []header{{"Content-Type", "text/plain"}}, status: 415, code: "media-type"}
		},
		"a form": func(good string) request {
			return request{body: good, headers: []header{{"Content-Type", "application/x-www-form-urlencoded"}}, status: 415, code: "media-type"}
		},
		"no type": func(good string) request {
			return request{body: good, headers: []header{{"Content-Type", ""}}, status: 415, code: "media-type"}
		},
		"a type like JSON": func(good string) request {
			return request{body: good, headers: []header{{"Content-Type", "application/json-seq"}}, status: 415, code: "media-type"}
		},
		"a patch's own type": func(good string) request {
			return request{body: good, headers: []header{{"Content-Type", "application/json-patch+json"}}, status: 415, code: "media-type"}
		},
		"another charset": func(good string) request {
			return request{body: good, headers: []header{{"Content-Type", "application/json; charset=utf-16"}}, status: 415, code: "media-type"}
		},
		"packed": func(good string) request {
			return request{body: good, headers: []header{{"Content-Encoding", "gzip"}}, status: 415, code: "media-type"}
		},
		"a parameter": func(good string) request {
			return request{body: good, query: "?force=true", status: 400, code: "invalid"}
		},
		"a broken query": func(good string) request { return request{body: good, query: "?%zz", status: 400, code: "invalid"} },
		"a semicolon":    func(good string) request { return request{body: good, query: "?a=1;b=2", status: 400, code: "invalid"} },
		"sent from another site": func(good string) request {
			return request{body: good, headers: []header{{"Sec-Fetch-Site", "cross-site"}}, status: 403, code: "forbidden"}
		},
		"sent from a sub-domain": func(good string) request {
			return request{body: good, headers: []header{{"Sec-Fetch-Site", "same-site"}}, status: 403, code: "forbidden"}
		},
		"sent by an older browser": func(good string) request {
			return request{body: good, headers: []header{{"Origin", "https://evil.example"}}, status: 403, code: "forbidden"}
		},
		"sent without a user": func(good string) request {
			return request{body: good, headers: []header{{"X-User", ""}}, status: 403, code: "forbidden"}
		},
	}
	for where, target := range targets {
		for what, spoil := range cases {
			t.Run(where+"/"+what, func(t *testing.T) {
				t.Parallel()
				c := newAPI(t, memstore.New())
				id := c.plan()
				mark := c.mark()
				req := spoil(strings.ReplaceAll(target.body, "ID", id))
				got := c.do(target.method, strings.ReplaceAll(target.path, "ID", id)+req.query, req.body, append([]header{{"If-Match", `"1"`}}, req.headers...)...)
				require.Equal(t, req.status, got.Code, got.Body)
				require.Equal(t, req.code, got.at("code"))
				if req.code == "invalid" {
					require.NotEmpty(t, got.at("errors"))
				}
				require.Equal(t, mark, c.mark(), "nothing was written")
				require.Less(t, got.Body.Len(), 2048, "what was sent is not sent back")
			})
		}
	}
}

// TestAPIBadMembers sends valid JSON with wrong members.
func TestAPIBadMembers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 4097)
	for name, tt := range map[string]struct{ method, path, body, field string }{
		"start: a reason of more than 4 KiB":        {"POST", "start", `{"reason": "` + long + `"}`, "reason"},
		"start: an end that has passed":             {"POST", "start", `{"end": "2020-01-01T00:00:00Z"}`, "end"},
		"start: an expected end that has passed":    {"POST", "start", `{"expected_end": "2020-01-01T00:00:00Z"}`, "expected_end"},
		"start: a year that no store takes":         {"POST", "start", `{"end": "9999-06-01T00:00:00Z"}`, "end"},
		"start: both ends":                          {"POST", "start", `{"end": "2097-01-01T00:00:00Z", "expected_end": "2097-01-01T00:00:00Z"}`, "end"},
		"start: no end is said by leaving it out":   {"POST", "start", `{"end": null}`, "end"},
		"start: a blank holder":                     {"POST", "start", `{"holder": " "}`, "holder"},
		"start: a holder's name of 257 bytes":       {"POST", "start", `{"holder": "` + long[:257] + `"}`, "holder"},
		"start: an instant without its offset":      {"POST", "start", `{"end": "2097-01-01T00:00:00"}`, "end"},
		"start: a number for an instant":            {"POST", "start", `{"end": 4007318400}`, "end"},
		"start: half of a surrogate pair":           {"POST", "start", `{"reason": "\ud800"}`, "reason"},
		"schedule: no start":                        {"POST", "periods", `{"end": "2097-03-08T04:00:00Z"}`, "start"},
		"schedule: nothing said of the end":         {"POST", "periods", `{"start": "2097-03-08T02:00:00Z"}`, "end"},
		"schedule: no start is no start":            {"POST", "periods", `{"start": null, "end": null}`, "start"},
		"schedule: the end before the start":        {"POST", "periods", `{"start": "2097-03-08T02:00:00Z", "end": "2097-03-08T01:00:00Z"}`, "end"},
		"schedule: the end at the start":            {"POST", "periods", `{"start": "2097-03-08T02:00:00Z", "end": "2097-03-08T02:00:00Z"}`, "end"},
		"schedule: over already":                    {"POST", "periods", `{"start": "2020-03-08T02:00:00Z", "end": "2020-03-08T03:00:00Z"}`, "start"},
		"schedule: before all years":                {"POST", "periods", `{"start": "1970-01-01T00:00:00Z", "end": null}`, "start"},
		"schedule: an id is not for clients to say": {"POST", "periods", member(tomorrow, `"id": "x"`), "body"},
		"schedule: nor who did it":                  {"POST", "periods", member(tomorrow, `"created_by": "bob"`), "body"},
		"edit: nothing":                             {"PATCH", "periods/ID", `{}`, "body"},
		"edit: a version":                           {"PATCH", "periods/ID", `{"version": 1, "reason": "x"}`, "body"},
		"schedule: a start that has passed":         {"POST", "periods", `{"start": "2020-03-08T02:00:00Z", "end": null}`, "start"},
		"schedule: a start, and now":                {"POST", "periods", `{"start": "2097-03-08T02:00:00Z", "start_now": true, "end": null}`, "start"},
		"schedule: an hour of one digit":            {"POST", "periods", `{"start": "2097-03-08T2:00:00Z", "end": null}`, "start"},
		"schedule: an offset of 24 hours":           {"POST", "periods", `{"start": "2097-03-08T02:00:00+24:00", "end": null}`, "start"},
		"edit: a start that has passed":             {"PATCH", "periods/ID", `{"start": "2020-03-08T02:00:00Z"}`, "start"},
		"edit: no start":                            {"PATCH", "periods/ID", `{"start": null}`, "start"},
		"edit: a start behind the end":              {"PATCH", "periods/ID", `{"start": "2098-01-01T00:00:00Z"}`, "end"},
		"edit: an end that has passed":              {"PATCH", "periods/ID", `{"end": "2020-01-01T00:00:00Z"}`, "end"},
		"edit: a deployment's start":                {"PATCH", "periods/DEPLOYMENT", `{"start": "2020-01-01T00:00:00Z"}`, "start"},
		"edit: a deployment is not disabled":        {"PATCH", "periods/DEPLOYMENT", `{"enabled": false}`, "enabled"},
		"end: nothing said":                         {"POST", "end", `{}`, "id"},
		"end: an empty id":                          {"POST", "end", `{"id": ""}`, "id"},
		"end: all and one":                          {"POST", "end", `{"id": "ID", "all": true, "revision": 2}`, "all"},
		"end: all, but not which":                   {"POST", "end", `{"all": true}`, "revision"},
		"end: not all":                              {"POST", "end", `{"all": false, "revision": 2}`, "id"},
		"end: one, with a revision":                 {"POST", "end", `{"id": "DEPLOYMENT", "revision": 2}`, "revision"},
		"end: a revision that is a text":            {"POST", "end", `{"all": true, "revision": "2"}`, "revision"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newAPI(t, memstore.New())
			ids := strings.NewReplacer("DEPLOYMENT", c.do("POST", "start", `{}`).text("period", "id"), "ID", c.plan())
			mark := c.mark()
			got := c.do(tt.method, ids.Replace(tt.path), ids.Replace(tt.body), about(tt.method, tt.body)...)
			require.Equal(t, http.StatusBadRequest, got.Code, got.Body)
			require.Equal(t, "invalid", got.at("code"))
			require.Equal(t, tt.field, got.at("errors").([]any)[0].(map[string]any)["field"], got.Body)
			require.Equal(t, mark, c.mark(), "nothing was written")
		})
	}
}

func member(body, more string) string { return strings.TrimSuffix(body, "}") + ", " + more + "}" }

func TestAPIPreconditions(t *testing.T) {
	t.Parallel()
	writes := map[string]struct{ method, path, body string }{
		"edit":   {"PATCH", "periods/ID", `{"reason": "x"}`},
		"delete": {"DELETE", "periods/ID", ""},
		"end":    {"POST", "end", `{"id": "DEPLOYMENT"}`},
	}
	for what, w := range writes {
		for name, tt := range map[string]struct {
			tag    []string
			status int
			code   string
		}{
			"none":             {nil, 428, "no-precondition"},
			"of another time":  {[]string{`"2"`}, 412, "stale"},
			"any":              {[]string{`*`}, 428, "no-precondition"},
			"several":          {[]string{`"2", "3"`}, 412, "stale"},
			"several lines":    {[]string{`"2"`, `"3"`}, 412, "stale"},
			"weak":             {[]string{`W/"1"`}, 412, "stale"},
			"without quotes":   {[]string{`1`}, 400, "invalid"},
			"empty":            {[]string{``}, 400, "invalid"},
			"a quote":          {[]string{`"`}, 400, "invalid"},
			"no list":          {[]string{`"1" "1"`}, 400, "invalid"},
			"another spelling": {[]string{`"01"`}, 412, "stale"},
			"another digest":   {[]string{`"1-00000000"`}, 412, "stale"},
			"of the state":     {[]string{`W/"0123456789abcdef0123"`}, 412, "stale"},
		} {
			t.Run(what+"/"+name, func(t *testing.T) {
				t.Parallel()
				c := newAPI(t, memstore.New())
				ids := strings.NewReplacer("DEPLOYMENT", c.do("POST", "start", `{}`).text("period", "id"), "ID", c.plan())
				mark := c.mark()
				r := httptest.NewRequestWithContext(t.Context(), w.method, apiMount+"/api/v1/"+ids.Replace(w.path), strings.NewReader(ids.Replace(w.body)))
				r.Header.Set("X-User", "alice")
				r.Header.Set("Content-Type", "application/json")
				r.Header["If-Match"] = tt.tag
				got := c.send(r)
				require.Equal(t, tt.status, got.Code, got.Body)
				require.Equal(t, tt.code, got.at("code"))
				if tt.code == "stale" {
					require.InEpsilon(t, 1, got.at("period", "version"), 0, "what it is now")
					require.Regexp(t, `^"1-[0-9a-f]{8}"$`, got.Header().Get("ETag"))
				}
				require.Equal(t, mark, c.mark())
			})
		}
	}
}

func TestAPIBadParameters(t *testing.T) {
	t.Parallel()
	c := newAPI(t, memstore.New())
	for path, field := range map[string]string{
		"periods?limit=0": "limit", "periods?limit=1001": "limit", "periods?limit=": "limit", "periods?limit=+1": "limit", "periods?limit=1e2": "limit",
		"periods?limit=1&limit=2": "limit", "periods?cursor=": "cursor", "periods?cursor=x": "cursor", "periods?cursor=1": "cursor",
		"periods?cursor=99999999999999999999.x": "cursor", "periods?cursor=1." + strings.Repeat("x", 65): "cursor",
		"periods?Limit=1": "query", "periods?%zz": "query", "state?x": "query", "log?limit=-1": "limit", "log?cursor=1.x": "query",
		"fleet?limit=1": "query", "periods/x?y=z": "query",
	} {
		got := c.do("GET", path, "")
		require.Equal(t, http.StatusBadRequest, got.Code, path)
		require.Equal(t, field, got.at("errors").([]any)[0].(map[string]any)["field"], path)
	}
}

// TestAPIConditionOfNothing: a path that would ignore a condition refuses it.
func TestAPIConditionOfNothing(t *testing.T) {
	t.Parallel()
	for path, body := range map[string]string{"start": `{}`, "periods": tomorrow, "end": `{"all": true, "revision": 1}`} {
		c := newAPI(t, memstore.New())
		c.do("POST", "start", `{"holder": "ci"}`)
		mark := c.mark()
		got := c.do("POST", path, body, header{"If-Match", `"7"`})
		require.Equal(t, http.StatusBadRequest, got.Code, got.Body)
		require.Equal(t, "If-Match", got.at("errors").([]any)[0].(map[string]any)["field"])
		require.Equal(t, mark, c.mark(), "nothing was written")
		require.Less(t, c.do("POST", path, body).Code, 300, "without it, it is done")
	}
}

// FuzzAPIBodies: no body makes the API fail, and a refused body changes nothing.
func FuzzAPIBodies(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"reason": "x"}`, tomorrow, `{"id": "x"}`, `{"all": true, "revision": 1}`, `{"end": null, "enabled": false}`, `{"start": "2097-01-01T00:00:00.5+14:00", "end": null}`,
		`{"reason": "\ud83d\ude80"}`, `{"holder": "\u0000"}`, `[`, `{"revision": 9007199254740993}`, "\xff", `{"a":{"a":{"a":`,
	} {
		for route := range uint8(4) {
			f.Add(route, seed)
		}
	}
	f.Fuzz(func(t *testing.T, route uint8, body string) {
		c := newAPI(t, memstore.New())
		id := c.plan()
		mark := c.mark()
		target := [][2]string{{"POST", "start"}, {"POST", "end"}, {"POST", "periods"}, {"PATCH", "periods/" + id}}[route%4]
		got := c.do(target[0], target[1], body, append(about(target[0], body), header{"Content-Type", "application/json"})...)
		switch got.Code {
		case http.StatusOK, http.StatusCreated:
			require.Equal(t, mark.Revision+1, c.mark().Revision)
		case http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusPreconditionRequired:
			require.Equal(t, mark, c.mark())
		default:
			require.Fail(t, "neither done nor refused", "%d %s", got.Code, got.Body)
		}
	})
}

// FuzzAPIConditions: no query and no condition makes the API fail or write.
func FuzzAPIConditions(f *testing.F) {
	for _, seed := range [][3]string{
		{"limit=1", `"1"`, `W/"x"`}, {"limit=1&cursor=1.x", "*", "*"}, {"%zz", `"1", "2"`, `"a", W/"b"`}, {"cursor=-9223372036854775808.x", `W/"1"`, ","}, {";", `"`, `""`},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	c := newAPI(f, memstore.New())
	id := c.plan()
	f.Fuzz(func(t *testing.T, query, match, noneMatch string) {
		c := c
		c.t = t
		mark := c.mark()
		ask := func(method, path string) int {
			r := httptest.NewRequestWithContext(t.Context(), method, apiMount+"/api/v1/"+path, http.NoBody)
			r.URL.RawQuery = query
			r.Header = http.Header{"X-User": {"alice"}, "If-Match": {match}, "If-None-Match": {noneMatch}}
			return c.send(r).Code
		}
		for _, path := range []string{"state", "periods", "periods/" + id, "log", "fleet"} {
			require.Contains(t, []int{200, 304, 400}, ask(http.MethodGet, path))
		}
		require.Contains(t, []int{400, 404}, ask(http.MethodDelete, "periods/nobody"))
		require.Equal(t, mark, c.mark())
	})
}

// TestAPIPeriodTag: the tag of a period is strong, so it differs whenever the body differs (RFC
// 9110, sections 8.8.1, 13.1.1 and 13.1.2).
func TestAPIPeriodTag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newAPI(t, memstore.New())
		at := time.Now().UTC()
		body := fmt.Sprintf(`{"start": %q, "end": %q, "reason": "Move"}`, at.Add(time.Hour).Format(time.RFC3339), at.Add(3*time.Hour).Format(time.RFC3339))
		planned := c.do("POST", "periods", body)
		path := "periods/" + planned.text("period", "id")
		upcoming := c.do("GET", path, "")
		tag := upcoming.Header().Get("ETag")
		require.Regexp(t, `^"1-[0-9a-f]{8}"$`, tag)
		require.Equal(t, tag, planned.Header().Get("ETag"))
		require.Equal(t, "application/merge-patch+json, application/json", upcoming.Header().Get("Accept-Patch"))
		for value, want := range map[string]int{tag: 304, "W/" + tag: 304, "*": 304, `"x", ` + tag: 304, `"1"`: 200, `"x"`: 200} {
			got := c.do("GET", path, "", header{"If-None-Match", value})
			require.Equal(t, want, got.Code, value)
			require.Equal(t, tag, got.Header().Get("ETag"))
		}
		require.Equal(t, "application/merge-patch+json, application/json", c.do("OPTIONS", path, "").Header().Get("Accept-Patch"))
		require.Empty(t, c.do("OPTIONS", "periods", "").Header().Get("Accept-Patch"))

		time.Sleep(2 * time.Hour)
		begun := c.do("GET", path, "", header{"If-None-Match", tag})
		require.Equal(t, http.StatusOK, begun.Code, "it is in force by now")
		require.NotEqual(t, tag, begun.Header().Get("ETag"))
		require.Equal(t, http.StatusPreconditionFailed, c.do("PATCH", path, `{"reason": "x"}`, header{"If-Match", tag}).Code)

		patch := header{"Content-Type", "application/merge-patch+json"}
		edited := c.do("PATCH", path, `{"reason": null}`, header{"If-Match", begun.Header().Get("ETag") + `, "x"`}, patch)
		require.Equal(t, http.StatusOK, edited.Code, edited.Body)
		require.Nil(t, edited.at("period", "reason"))
		require.Equal(t, c.do("GET", path, "").Header().Get("ETag"), edited.Header().Get("ETag"))
		require.Equal(t, http.StatusOK, c.do("PATCH", path, `{"reason": "x"}`, header{"If-Match", `"2"`}).Code, "the version alone")
		wrong := c.do("PATCH", path, `{"reason": "x"}`, header{"If-Match", `"3"`}, header{"Content-Type", "text/plain"})
		require.Equal(t, http.StatusUnsupportedMediaType, wrong.Code)
		require.Contains(t, wrong.Header().Get("Accept-Patch"), "merge-patch")
		require.Equal(t, http.StatusUnsupportedMediaType, c.do("POST", "start", `{}`, patch).Code, "a POST is no patch")
	})
}
