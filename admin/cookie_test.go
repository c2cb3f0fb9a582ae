package admin_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

// Names of the cookies.
const (
	zoneCookie   = "__Host-downtime_zone"
	noticeCookie = "__Host-downtime_notice"
)

// insecure are the settings of a page on plain HTTP.
var insecure = pageSettings{page: func(c *admin.Config) { c.InsecureCookies = true }}

func TestZoneIsPicked(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	c.begin("bob", "x")
	require.Equal(t, "UTC", c.get("").attribute("data-zone"), "the script may propose another")
	w := c.follow(c.post("zone", "zone", " America/New_York ", "back", "schedule"))
	require.Equal(t, "schedule", w.attribute("data-page"))
	require.Equal(t, "zone", w.attribute("data-notice"))
	w.says("Times are shown in America/New_York.")
	require.Equal(t, "America/New_York", w.attribute("data-zone"))
	require.Empty(t, w.attribute("data-zone-cookie"))
	require.Regexp(t, `\d\d:\d\d(:\d\d)? E[SD]T \(.*\d\d:\d\d(:\d\d)? UTC\)`, w.text())
	require.Equal(t, "America/New_York", c.get("add").hidden("zone"))
}

func TestZonesThatAreNoneAreAskedForAgain(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"", "Local", "CEST", "Europe/Atlantis", "../../etc/passwd", "/etc/localtime", strings.Repeat("x", 100), "a\nb"} {
		c := newPages(t, pageSettings{})
		w := c.post("zone", "zone", zone, "back", "https://evil.example/")
		require.Equal(t, http.StatusUnprocessableEntity, w.Code, zone)
		require.Contains(t, w.text(), "ant an IANA name such as Europe/Berlin, or UTC")
		require.Empty(t, w.Header().Values("Set-Cookie"))
		c.cookies[zoneCookie] = zone
		require.Equal(t, "UTC", c.get("").attribute("data-zone"), "a cookie that is none counts for nothing")
	}
	c := newPages(t, pageSettings{})
	require.Equal(t, mount+"/", c.post("zone", "zone", "UTC", "back", "https://evil.example/").Header().Get("Location"))
}

func TestCookiesCanOnlyBeSetByTheHostItself(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		set    pageSettings
		prefix string
	}{
		"over TLS or from localhost": {pageSettings{}, "__Host-"},
		"over plain HTTP":            {insecure, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newPages(t, tc.set)
			cookies := c.post("start", "revision", "0", "zone", "UTC").Result().Cookies()
			cookies = append(cookies, c.post("zone", "zone", "Asia/Tokyo").Result().Cookies()...)
			cookies = append(cookies, c.get("").Result().Cookies()...)
			require.Len(t, cookies, 4, "a notice; a zone and its notice; a notice is removed")
			for _, cookie := range cookies {
				require.Equal(t, tc.prefix != "", cookie.Secure)
				require.True(t, strings.HasPrefix(cookie.Name, tc.prefix+"downtime_"), cookie.Name)
				require.Equal(t, "/", cookie.Path)
				require.Empty(t, cookie.Domain)
				require.True(t, cookie.HttpOnly)
				require.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
			}
			require.Equal(t, "Asia/Tokyo", c.get("add").hidden("zone"))
		})
	}
}

// TestCookiesOfASiblingHostCountForNothing sends cookies that other hosts of the domain can set
// for this one: every name without the exact prefix, and names that some servers read as if they
// had it.
func TestCookiesOfASiblingHostCountForNothing(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]string{
		"no prefix":                      "downtime_zone=Asia/Tokyo; downtime_notice=zone",
		"a prefix that siblings can set": "__Secure-downtime_zone=Asia/Tokyo; __Secure-downtime_notice=zone",
		"the prefix in another case":     "__host-downtime_zone=Asia/Tokyo; __HOST-downtime_notice=zone",
		"a wide space before the prefix": "\u2000__Host-downtime_zone=Asia/Tokyo; \u3000__Host-downtime_notice=zone",
		"a no-break space before it":     "\u00a0__Host-downtime_zone=Asia/Tokyo; \xa0__Host-downtime_notice=zone",
		"a control byte before it":       "\v__Host-downtime_zone=Asia/Tokyo; \x85__Host-downtime_notice=zone",
		"a cookie without a name":        "=__Host-downtime_zone=Asia/Tokyo; =__Host-downtime_notice=zone",
		"cookies of RFC 2109":            "$Version=1, __Host-downtime_zone=Asia/Tokyo, __Host-downtime_notice=zone",
		"beside the page's own":          "__Host-downtime_zone=Asia/Tokyo; __Host-downtime_zone=UTC; __Host-downtime_notice=zone; __Host-downtime_notice=zone",
		"an escaped name":                "%5f%5fHost-downtime_zone=Asia/Tokyo; __Host%2ddowntime_notice=zone",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newPages(t, pageSettings{})
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, mount+"/", http.NoBody)
			r.Header.Set("Cookie", header)
			w := c.send(r)
			require.Equal(t, "UTC", w.attribute("data-zone"))
			require.Empty(t, w.attribute("data-notice"))
		})
	}
}

// writes are the random halves of the ids of the writes in a document's log, the newest first.
func writes(t *testing.T, d *period.Document) (halves []string) {
	t.Helper()
	entries, err := d.Log.Entries()
	require.NoError(t, err)
	for _, e := range entries {
		halves = append(halves, e.Write)
	}
	return halves
}

// TestForgedNoticesAreNotShown sets the notice cookie as no page did, also where no prefix
// protects it.
func TestForgedNoticesAreNotShown(t *testing.T) {
	t.Parallel()
	shifted := newShifted()
	insecure := insecure
	insecure.store = shifted
	c := newPages(t, insecure)
	bob := c.as("bob")
	bob.follow(bob.post("start", "revision", "0", "reason", "fire", "zone", "UTC"))
	c.follow(c.post("add", window()...))
	_, err := operator.Operator{Store: c.store, Actor: "alice"}.Reconcile(t.Context(), operator.ReconcileOptions{})
	require.NoError(t, err)
	d := c.document()
	ours := writes(t, d)
	require.Len(t, ours, 3)
	elsewhere := newPages(t, pageSettings{})
	elsewhere.post("start", "revision", "0", "zone", "UTC")

	shows := func(value string) string {
		c.cookies["downtime_notice"] = value
		return c.get("?notice=started&done=ended").attribute("data-notice")
	}
	require.Equal(t, "planned", shows(ours[1]), "what the page itself sets")
	for name, value := range map[string]string{
		"the code of a notice":              "ended",
		"a code and an id":                  "deleted/" + d.Periods[0].ID,
		"another word":                      "zone2",
		"an empty value":                    "",
		"markup":                            "<b>",
		"the revision of a write":           "2",
		"the whole id of a write":           d.WriteID,
		"the write of another operator":     ours[2],
		"a write that no page makes":        ours[0],
		"a write to another store":          writes(t, elsewhere.document())[0],
		"the write of the page, in part":    ours[1][:15],
		"the write of the page, and more":   ours[1] + "a",
		"the write of the page, in capital": strings.ToUpper(ours[1]),
	} {
		require.Empty(t, shows(value), name)
	}
	shifted.set(func(s *shiftedStore) { s.by = 2 * time.Minute })
	require.Empty(t, shows(ours[1]), "a write that is two minutes old")
	c.cookies["downtime_notice"] = "zone"
	c.get("").says("Times are shown in UTC.") // which is so
}

func TestNoticeIsShownOnceByAnyInstance(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	one, other := newPages(t, pageSettings{store: st}), newPages(t, pageSettings{store: st})
	one.post("start", "revision", "0", "zone", "UTC")
	other.cookies = one.cookies
	require.Empty(t, other.get("?follow=yes").attribute("data-notice"), "a page for the script does not take it")
	require.Equal(t, "started", other.get("").attribute("data-notice"))
	require.Empty(t, other.get("").attribute("data-notice"))
}

// TestNoticeIsOfTheOperatorsOwnWrite: it is read back only after the write of another operator.
func TestNoticeIsOfTheOperatorsOwnWrite(t *testing.T) {
	t.Parallel()
	mem := memstore.New()
	between := &brokenStore{Store: mem}
	c := newPages(t, pageSettings{store: between})
	between.swap = func(do func() error) error {
		if err := do(); err != nil {
			return err
		}
		_, err := operator.Operator{Store: mem, Actor: "bob"}.Start(t.Context(), operator.StartOptions{})
		return err
	}
	w := c.follow(c.post("add", window()...))
	require.Equal(t, "planned", w.attribute("data-notice"))
	require.Len(t, c.document().Periods, 2)
}

// TestNoticesKeepTheirWords makes every write that a page makes.
func TestNoticesKeepTheirWords(t *testing.T) {
	t.Parallel()
	c := newPages(t, pageSettings{})
	shows := func(notice, text, path string, fields ...string) {
		t.Helper()
		w := c.follow(c.post(path, fields...))
		require.Equal(t, notice, w.attribute("data-notice"))
		w.says(text)
	}
	shows("started", "The site was taken down ", "start", "revision", "0", "zone", "UTC")
	shows("changed", "Your downtime was changed ", "start", "revision", "1", "zone", "UTC", "reason", "x")
	shows("ended", "Ended "+c.only().ID+".", "end", "id", c.only().ID, "version", "2")
	shows("planned", "A window was scheduled ", "add", window()...)
	id := c.only().ID
	shows("edited", "Saved "+id, "edit", window("id", id, "version", "1", "reason", "y", "enabled", "")...)
	shows("enabled", "Enabled "+id, "enable", "id", id, "version", "2")
	shows("disabled", "Disabled "+id, "disable", "id", id, "version", "3")
	shows("deleted", "Deleted "+id, "delete", "id", id, "version", "4")
}

func TestNoticeOfABeginningAnew(t *testing.T) {
	t.Parallel()
	st := &lostOnce{Store: memstore.New()}
	c := newPages(t, pageSettings{store: st})
	w := c.follow(c.post("end-all", "anew", "yes"))
	require.Equal(t, "anew", w.attribute("data-notice"))
	w.says("The store has a new, empty document.")
}

// lostOnce has lost its document, until it is written.
type lostOnce struct{ *memstore.Store }

func (s *lostOnce) Get(ctx context.Context, have store.Token) (store.Blob, error) {
	blob, err := s.Store.Get(ctx, have)
	return blob, lost(err)
}

func (s *lostOnce) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	set, err := s.Store.ListRows(ctx, have)
	return set, lost(err)
}

func lost(err error) error {
	if errors.Is(err, store.ErrNeverWritten) {
		return store.ErrLost
	}
	return err
}

// TestRedirectsStayOnThePage posts from paths that a router could pass on.
func TestRedirectsStayOnThePage(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		mount, mount + "?to=//evil.example", "http://evil.example" + mount, "//evil.example" + mount, mount + "/zone", mount + "//zone",
		mount + "/zone?back=//evil.example", "/", "", "/zone", "//zone", `/\\evil.example/zone`, "/%0d%0aLocation:evil/zone",
	} {
		for _, where := range []string{mount, "/", "/a:b"} {
			c := newPages(t, pageSettings{page: func(c *admin.Config) { c.Path = where }})
			u, err := url.Parse(target)
			require.NoError(t, err)
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("zone=UTC&back=//evil.example"))
			r.URL = u
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			to := c.send(r).Header().Get("Location")
			at, err := url.Parse("https://shop.example/x/")
			require.NoError(t, err)
			at, err = at.Parse(to)
			require.NoError(t, err)
			require.Equal(t, "shop.example", at.Host, "%q leads to %q", target, to)
			require.NotContains(t, to, "\n")
		}
	}
}
