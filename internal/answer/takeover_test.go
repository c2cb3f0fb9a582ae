package answer

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnswerAmongOuterHeaders(t *testing.T) {
	t.Parallel()
	a := testAnswers(t, Options{}, testFacts)
	for name, test := range map[string]struct {
		before, after http.Header // after: nil means removed
	}{
		"descriptions of another content are removed": {
			http.Header{
				"Etag": {`"1"`}, "ETag": {`"2"`}, "Last-Modified": {"x"}, "Expires": {"x"}, "Accept-Ranges": {"bytes"},
				"Content-Range": {"bytes 0-1/2"}, "Content-Disposition": {"attachment"}, "Content-Location": {"/x"},
			},
			http.Header{
				"Etag": nil, "ETag": nil, "Last-Modified": nil, "Expires": nil, "Accept-Ranges": nil,
				"Content-Range": nil, "Content-Disposition": nil, "Content-Location": nil,
			},
		},
		"permissions to cache are removed": {
			http.Header{
				"Cache-Control": {"public, max-age=60"}, "Cdn-Cache-Control": {"max-age=60"}, "CDN-Cache-Control": {"max-age=60"},
				"Cloudflare-Cdn-Cache-Control": {"max-age=60"}, "Vercel-CDN-Cache-Control": {"max-age=60"},
				"Surrogate-Control": {"max-age=60"}, "X-Accel-Expires": {"60"},
			},
			http.Header{
				"Cache-Control": {"no-store"}, "Cdn-Cache-Control": nil, "CDN-Cache-Control": nil,
				"Cloudflare-Cdn-Cache-Control": nil, "Vercel-CDN-Cache-Control": nil, "Surrogate-Control": nil, "X-Accel-Expires": nil,
			},
		},
		"headers about the request stay": {
			http.Header{
				"Access-Control-Allow-Origin": {"https://a.example"}, "Access-Control-Expose-Headers": {"Downtime"},
				"Strict-Transport-Security": {"max-age=1"}, "X-Frame-Options": {"DENY"}, "X-Request-Id": {"1"},
				"Set-Cookie": {"a=b", "c=d"}, "Link": {"</a.css>; rel=preload"},
			},
			http.Header{
				"Access-Control-Allow-Origin": {"https://a.example"}, "Access-Control-Expose-Headers": {"Downtime"},
				"Strict-Transport-Security": {"max-age=1"}, "X-Frame-Options": {"DENY"}, "X-Request-Id": {"1"},
				"Set-Cookie": {"a=b", "c=d"}, "Link": {"</a.css>; rel=preload"},
			},
		},
		"own headers replace outer ones": {
			http.Header{
				"Content-Type": {"image/png"}, "Content-Length": {"1"}, "Content-Language": {"ja"}, "Retry-After": {"1", "2"},
				"X-Content-Type-Options": {"x"}, "Downtime": {"x"},
			},
			http.Header{
				"Content-Type": {"text/plain; charset=utf-8"}, "Content-Length": a.form(formatText, 0, 0, false).contentLength[0],
				"Content-Language": {"en"}, "X-Content-Type-Options": {"nosniff"}, "Downtime": {"down;kind=planned"},
			},
		},
		"an encoding stays, and then the length is unknown": {
			http.Header{"Content-Encoding": {"gzip"}, "Content-Length": {"1"}},
			http.Header{"Content-Encoding": {"gzip"}, "Content-Length": nil},
		},
		"Vary is appended": {
			http.Header{"Vary": {"Origin"}},
			http.Header{"Vary": {"Origin", "Accept, Accept-Language"}},
		},
		"Vary is appended to several": {
			http.Header{"Vary": {"Origin", "Accept-Encoding, Cookie"}},
			http.Header{"Vary": {"Origin", "Accept-Encoding, Cookie", "Accept, Accept-Language"}},
		},
		"Vary has Accept already": {
			http.Header{"Vary": {"Origin,accept"}},
			http.Header{"Vary": {"Origin,accept", "Accept-Language"}},
		},
		"Vary has Accept-Language already": {
			http.Header{"Vary": {"Origin", " ACCEPT-LANGUAGE "}},
			http.Header{"Vary": {"Origin", " ACCEPT-LANGUAGE ", "Accept"}},
		},
		"Vary has both already": {
			http.Header{"Vary": {"Accept-Language", "Accept"}},
			http.Header{"Vary": {"Accept-Language", "Accept"}},
		},
		"Vary on everything stays": {
			http.Header{"Vary": {"*"}},
			http.Header{"Vary": {"*"}},
		},
		"Vary is there and empty": {
			http.Header{"Vary": {}},
			http.Header{"Vary": {"Accept, Accept-Language"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			maps.Copy(w.Header(), test.before)
			a.Write(w, httptest.NewRequest(http.MethodGet, "/", nil))
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			for header, want := range test.after {
				require.Equal(t, want, w.Header()[header], header)
			}
			require.Len(t, w.Header()["Retry-After"], 1)
		})
	}
}

func TestAnswerDoesNotWriteIntoTheOuterVary(t *testing.T) {
	t.Parallel()
	a := testAnswers(t, Options{}, testFacts)
	theirs := []string{"Origin", "their own", "and more"}
	w := httptest.NewRecorder()
	w.Header()["Vary"] = theirs[:1]
	a.Write(w, httptest.NewRequest(http.MethodGet, "/", nil))
	require.Equal(t, []string{"Origin", "their own", "and more"}, theirs)
}

// The header values are shared by all answers.
func TestAnswerIsNotChangedByOuterMiddleware(t *testing.T) {
	t.Parallel()
	for f := range formats {
		a := testAnswers(t, Options{}, testFacts)
		first := ask(a, "GET", "/", "Accept", testAccept[f])
		names := slices.Collect(maps.Keys(first.Header()))
		for _, name := range names {
			values := first.Header()[name]
			require.Equal(t, len(values), cap(values), name)
			first.Header().Add(name, "planted")
			first.Header().Set(name, "planted")
			first.Header().Add(name, "planted")
		}
		for range 4 * retryVariants { // enough for every variant of Retry-After
			next := ask(a, "GET", "/", "Accept", testAccept[f])
			for _, name := range names {
				require.Len(t, next.Header()[name], 1, name)
				require.NotEqual(t, "planted", next.Header()[name][0], name)
			}
		}
	}
}
