package admin_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

// TestWhoWasLetInIsWhoDidIt: Actor and Origin are asked once per request. A session may end in
// between, or its database may not answer a second time.
func TestWhoWasLetInIsWhoDidIt(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]func() string{
		"no name":      func() string { return "" },
		"a panic":      func() string { panic("the session's database is gone") },
		"another name": func() string { return "mallory" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := map[string]int{}
			once := func(what, text string) func(context.Context, *http.Request) string {
				return func(context.Context, *http.Request) string {
					if asked[what]++; asked[what] == 1 {
						return text
					}
					return later()
				}
			}
			c := newPages(t, pageSettings{page: func(c *admin.Config) {
				c.Actor, c.Origin = once("actor", "alice"), once("origin", "desk 7")
			}})
			_, err := operator.Operator{Store: c.store}.Start(t.Context(), operator.StartOptions{Holder: "ci"})
			require.NoError(t, err)

			mark := c.ask("end-all", "revision", "1").hidden("reviewed")
			asked["actor"], asked["origin"] = 0, 0
			require.Equal(t, http.StatusSeeOther, c.ask("end-all", "revision", "1", "reviewed", mark).Code)
			entries, err := operator.Operator{Store: c.store}.Log(t.Context(), 1)
			require.NoError(t, err)
			require.Equal(t, period.ActionEnd, entries[0].Action)
			require.Equal(t, "alice", entries[0].Actor)
			require.Equal(t, "desk 7", entries[0].Origin)
			require.Contains(t, c.log.String(), `actor=alice origin="desk 7"`)
			require.Equal(t, map[string]int{"actor": 1, "origin": 1}, asked)
		})
	}
}

func TestWhoIsCutToWhatANameMayBe(t *testing.T) {
	t.Parallel()
	long := "  " + string(make([]rune, 300)) + "é\xff"
	c := newPages(t, pageSettings{page: func(c *admin.Config) {
		c.Actor = func(context.Context, *http.Request) string { return "ann\xff" + long }
		c.Origin = func(context.Context, *http.Request) string { return long + "x" }
	}})
	c.follow(c.post("start", "revision", "0", "zone", "UTC"))
	require.LessOrEqual(t, len(c.only().Holder), period.MaxNameLen)
	entries, err := operator.Operator{Store: c.store}.Log(t.Context(), 1)
	require.NoError(t, err)
	require.LessOrEqual(t, len(entries[0].Origin), period.MaxNameLen)
}
