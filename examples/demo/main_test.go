package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The story itself is run by "make demo", in CI too.

func TestWantFault(t *testing.T) {
	t.Parallel()
	refused := want{status: 503, contentType: "text/html", body: "New shelves", away: true}
	good := http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Retry-After": {"60"}, "Cache-Control": {"no-store"}}
	with := func(name, value string) http.Header {
		h := good.Clone()
		h.Set(name, value)
		return h
	}
	tests := map[string]struct {
		status int
		header http.Header
		body   string
		fault  string
	}{
		"the answer that is wanted": {503, good, "<p>New shelves", ""},
		"another status":            {200, good, "<p>New shelves", "status 200, want 503"},
		"another type":              {503, with("Content-Type", "text/plain"), "<p>New shelves", "Content-Type"},
		"another body":              {503, good, "<p>Closed", "New shelves"},
		"no time to come back":      {503, with("Retry-After", ""), "<p>New shelves", "Retry-After"},
		"an answer for caches":      {503, with("Cache-Control", "max-age=60"), "<p>New shelves", "max-age=60"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := refused.fault(&http.Response{StatusCode: tt.status, Header: tt.header}, tt.body)
			if tt.fault == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.fault)
		})
	}
}

func TestExcerpt(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ body, want string }{
		"nothing":          {"", ""},
		"short":            {"one\ntwo\n", "one\ntwo"},
		"many lines":       {strings.Repeat("x\n", bodyLines+3), strings.Repeat("x\n", bodyLines) + "…"},
		"a full line":      {strings.Repeat("ä", lineWidth), strings.Repeat("ä", lineWidth)},
		"a line too long":  {strings.Repeat("ä", lineWidth+1), strings.Repeat("ä", lineWidth) + "\nä"},
		"a page":           {"<!DOCTYPE html>\n<style>\n</style>\n<h1>Down</h1>\n<script>\n", "<h1>Down</h1>"},
		"text about pages": {"<style>\n", "<style>"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, excerpt(tt.body))
		})
	}
}
