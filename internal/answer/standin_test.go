package answer

import (
	"encoding/json"
	"html"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStandinTextsAreThoseOfEveryLanguage(t *testing.T) {
	t.Parallel()
	require.Len(t, standinTexts(), len(builtinCatalog().languages))
	for _, tag := range builtinCatalog().lookup.tags {
		text := standinTexts()[tag]
		require.NotEmpty(t, text.Unsure, tag)
		require.NotEmpty(t, text.Returned, tag)
	}
}

func TestStandinSaysOnlyWhatAProxyKnows(t *testing.T) {
	t.Parallel()
	s, err := New(Options{SiteName: "Shop", Contact: "mailto:help@example.com", StatusURL: "https://status.example.com/"})
	require.NoError(t, err)
	for _, tag := range append(s.Languages(), "") {
		m := &s.catalog.languages[max(slices.Index(s.catalog.lookup.tags, tag), 0)]
		for _, sent := range []bool{false, true} {
			for _, oneLine := range []bool{false, true} {
				got := s.Standin(Facts{Kind: Unreachable}, tag, sent, oneLine)
				for _, body := range [][]byte{got.Page, got.Problem, got.Text} {
					text := html.UnescapeString(string(body))
					require.NotContains(t, text, m.kinds["planned"].NotProcessed)
					require.Equal(t, sent, strings.Contains(text, standinTexts()[m.tag].Unsure))
					require.Equal(t, oneLine, !strings.Contains(string(body), "\n"))
				}
				page := string(got.Page)
				require.Contains(t, page, `<html lang="`+m.tag+`" dir="`+m.dir+`" data-downtime-page data-kind="unreachable"`)
				require.Contains(t, html.UnescapeString(page), `content="`+got.Policy+`"`)
				require.Equal(t, tag == "", strings.Contains(page, `id="languages"`))
				require.Equal(t, policyOf(got.Page), got.Policy)
				var problem map[string]any
				require.NoError(t, json.Unmarshal(got.Problem, &problem))
				require.Equal(t, "unreachable", problem["kind"])
				require.EqualValues(t, 60, problem["retry_after"])
				require.Equal(t, m.unavailable, problem["title"])
			}
		}
	}
}

func TestStandinKeepsTheFacts(t *testing.T) {
	t.Parallel()
	s, err := New(Options{})
	require.NoError(t, err)
	facts := Facts{Kind: "planned", Reason: "New\ndisks <b>: https://example.com/x", Until: time.Date(2096, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, oneLine := range []bool{false, true} {
		got := s.Standin(facts, "", false, oneLine)
		text := html.UnescapeString(string(got.Page))
		require.Contains(t, text, "New\ndisks <b>: <a href=\"https://example.com/x\"")
		require.Contains(t, text, `datetime="2096-01-01T00:00:00Z"`)
		require.Contains(t, string(got.Problem), `"detail":"New\ndisks `)
	}
}

// A page of all languages has a word of each language for each of its places.
func TestStandinHasEveryLanguage(t *testing.T) {
	t.Parallel()
	s, err := New(Options{})
	require.NoError(t, err)
	for _, sent := range []bool{false, true} {
		page := string(s.Standin(Facts{Kind: Unreachable}, "", sent, false).Page)
		_, rest, ok := strings.Cut(page, `id="languages">`)
		require.True(t, ok)
		data, _, _ := strings.Cut(rest, "</script>")
		var all pageLanguages
		require.NoError(t, json.Unmarshal([]byte(data), &all))
		require.Len(t, all.Texts, len(s.Languages()))
		for tag, of := range all.Texts {
			require.Len(t, of.Words, len(all.Places), tag)
			require.NotContains(t, of.Words, "", tag)
			require.NotEmpty(t, of.Dir)
		}
		for _, place := range all.Places {
			if place[0] != "label-status" && place[0] != "label-contact" { // this page has neither
				require.Contains(t, page, `id="`+place[0]+`"`)
			}
		}
		require.Equal(t, "zh-Hant", all.Names["zh-tw"])
	}
}
