package admin_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store/memstore"
)

// apiRoutes are the paths of the API and their methods; {id} is the id of a period.
var apiRoutes = map[string][]string{
	"state":        {"GET", "HEAD", "OPTIONS"},
	"periods":      {"GET", "HEAD", "OPTIONS", "POST"},
	"periods/{id}": {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH"},
	"start":        {"OPTIONS", "POST"},
	"end":          {"OPTIONS", "POST"},
	"fleet":        {"GET", "HEAD", "OPTIONS"},
	"log":          {"GET", "HEAD", "OPTIONS"},
}

var apiMethods = []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY", "get", "FROBNICATE"}

const tomorrow = `{"start": "2097-03-08T02:00:00Z", "end": "2097-03-08T04:00:00Z", "reason": "New database"}`

// plan plans the window of tomorrow, and returns its id.
func (c apiClient) plan() string {
	c.t.Helper()
	made := c.do("POST", "periods", tomorrow)
	require.Equal(c.t, http.StatusCreated, made.Code, made.Body)
	return made.text("period", "id")
}

func TestAPIStory(t *testing.T) {
	t.Parallel()
	for name, store := range apiStores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newAPI(t, store(t))

			state := c.do("GET", "state", "")
			require.Equal(t, http.StatusOK, state.Code)
			require.Equal(t, "up", state.at("state"))
			require.Equal(t, false, state.at("written"))
			require.Equal(t, "open", state.at("gate", "state"))
			require.Equal(t, http.StatusNotModified, c.do("GET", "state", "", header{"If-None-Match", state.Header().Get("ETag")}).Code)

			begun := c.do("POST", "start", `{"reason": "New <b>database</b>", "expected_end": "2097-01-01T00:00:00+01:00"}`)
			require.Equal(t, http.StatusCreated, begun.Code, begun.Body)
			id := begun.text("period", "id")
			require.Equal(t, apiMount+"/api/v1/periods/"+id, begun.Header().Get("Location"))
			require.Regexp(t, `^"1-`, begun.Header().Get("ETag"))
			require.Equal(t, "down", begun.at("result"))
			require.Equal(t, "alice", begun.at("period", "holder"))
			require.Equal(t, "alice", begun.at("period", "created_by"))
			require.Equal(t, "2096-12-31T23:00:00Z", begun.at("period", "expected_end"))
			require.Equal(t, "in-force", begun.at("period", "status"))
			require.NotContains(t, begun.Body.String(), "<b>")

			now := c.do("GET", "state", "", header{"If-None-Match", state.Header().Get("ETag")})
			require.Equal(t, http.StatusOK, now.Code, "another state")
			require.Equal(t, "down", now.at("state"))

			changed := c.do("POST", "start", `{"reason": "Newer database"}`)
			require.Equal(t, http.StatusOK, changed.Code, "the same holder's is changed")
			require.Equal(t, id, changed.text("period", "id"))
			require.Empty(t, changed.Header().Get("Location"))

			one := c.do("GET", "periods/"+id, "")
			require.Regexp(t, `^"2-`, one.Header().Get("ETag"))
			require.Equal(t, "Newer database", one.at("reason"))

			edited := c.do("PATCH", "periods/"+id, `{"expected_end": null, "emergency": true}`, header{"If-Match", `"2"`})
			require.Equal(t, http.StatusOK, edited.Code, edited.Body)
			require.Regexp(t, `^"3-`, edited.Header().Get("ETag"))
			require.Nil(t, edited.at("period", "expected_end"))
			require.Equal(t, true, edited.at("period", "emergency"))
			require.Equal(t, "Newer database", edited.at("period", "reason"))

			ended := c.do("POST", "end", `{"id": "`+id+`"}`, header{"If-Match", `"3"`})
			require.Equal(t, http.StatusOK, ended.Code, ended.Body)
			require.Equal(t, "up", ended.at("result"))
			require.Equal(t, "up", ended.at("state", "state"))
			require.Len(t, ended.at("ended"), 1)

			log := c.do("GET", "log?limit=3", "")
			require.Equal(t, http.StatusOK, log.Code)
			var actions []any
			for _, e := range log.at("entries").([]any) {
				entry := e.(map[string]any)
				actions = append(actions, entry["action"])
				require.Equal(t, "alice", entry["actor"])
				require.Contains(t, entry["origin"], "192.0.2.1")
			}
			require.Equal(t, []any{"end", "edit", "change"}, actions)

			fleet := c.do("GET", "fleet", "")
			require.Equal(t, http.StatusOK, fleet.Code)
			require.Len(t, fleet.at("instances"), 1)
		})
	}
}

func TestAPIMethods(t *testing.T) {
	t.Parallel()
	for path, allowed := range apiRoutes {
		for _, method := range apiMethods {
			t.Run(method+" "+path, func(t *testing.T) {
				t.Parallel()
				c := newAPI(t, memstore.New())
				id := c.plan()
				mark := c.mark()
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, apiMount+"/api/v1/"+strings.ReplaceAll(path, "{id}", id), nil)
				r.Method = method
				r.Header.Set("X-User", "alice")
				got := c.send(r)
				switch {
				case method == http.MethodOptions:
					require.Equal(t, http.StatusNoContent, got.Code)
					require.Equal(t, strings.Join(allowed, ", "), got.Header().Get("Allow"))
				case !slices.Contains(allowed, method):
					require.Equal(t, http.StatusMethodNotAllowed, got.Code)
					require.Equal(t, strings.Join(allowed, ", "), got.Header().Get("Allow"))
					if method != http.MethodHead {
						require.Equal(t, "method-not-allowed", got.at("code"))
					}
				default:
					require.NotEqual(t, http.StatusMethodNotAllowed, got.Code)
					require.Empty(t, got.Header().Get("Allow"))
				}
				require.Equal(t, mark, c.mark(), "a write wants a type, or If-Match")
			})
		}
	}
}

func TestAPIHeadIsGetWithoutItsBody(t *testing.T) {
	t.Parallel()
	c := newAPI(t, memstore.New())
	id := c.plan()
	for path, methods := range apiRoutes {
		if !slices.Contains(methods, "HEAD") {
			continue
		}
		path = strings.ReplaceAll(path, "{id}", id)
		get, head := c.do("GET", path, ""), c.do("HEAD", path, "")
		require.Equal(t, http.StatusOK, head.Code, path)
		get.Header().Del("Content-Length") // instants have more or fewer digits
		require.NotEmpty(t, head.Header().Get("Content-Length"))
		head.Header().Del("Content-Length")
		require.Equal(t, get.Header(), head.Header(), path)
	}
}

func TestAPIUnknownPaths(t *testing.T) {
	t.Parallel()
	c := newAPI(t, memstore.New())
	id := c.plan()
	for _, path := range []string{
		"", "state//", "State", "/state", "periods//", "periods/" + id + "/x", "periods/%2e%2e/state", "periods/" + id + "%2Fx",
		"../v1/state", "../../api/v1/state", "./state", "..%2fv2", "end/all", "state%00", "state;x",
	} {
		for _, method := range []string{"GET", "POST", "DELETE", "OPTIONS"} {
			r := httptest.NewRequestWithContext(t.Context(), method, apiMount+"/api/v1/"+path, strings.NewReader("{}"))
			r.Header.Set("X-User", "alice")
			r.Header.Set("If-Match", `"1"`)
			got := c.send(r)
			require.Equal(t, http.StatusNotFound, got.Code, "%s %s", method, path)
			require.Equal(t, "not-found", got.at("code"))
			require.Empty(t, got.Header().Get("Location"), "nothing is cleaned and redirected")
		}
	}
	for _, id := range []string{"..", `a%5cb`, "%ff", "%0aSet-Cookie:x", strings.Repeat("x", 4096)} {
		require.Equal(t, http.StatusNotFound, c.do("GET", "periods/"+id, "").Code)
		require.Equal(t, http.StatusNotFound, c.do("DELETE", "periods/"+id, "", header{"If-Match", `"1"`}).Code)
	}
	require.Equal(t, int64(1), c.mark().Revision)
}
