package admin_test

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

func TestAPISaysWhatTheGateDoesWhileTheStoreIsLost(t *testing.T) {
	t.Parallel()
	st := &brokenStore{Store: memstore.New()}
	c := newAPI(t, st)
	require.Equal(t, http.StatusCreated, c.do("POST", "start", `{}`).Code)
	st.get = func() error { return store.ErrLost }
	got := c.do("GET", "state", "")
	require.Equal(t, http.StatusServiceUnavailable, got.Code)
	require.Contains(t, []any{"open", "closed"}, got.at("gate", "state"))

	// A revision of the lost document does not begin a new one.
	stale := c.do("POST", "end", `{"all": true, "revision": 1}`)
	require.Equal(t, http.StatusConflict, stale.Code, stale.Body)
	require.Equal(t, "stale", stale.at("code"))
}

func TestAPIStoreWithoutRows(t *testing.T) {
	t.Parallel()
	c := newAPI(t, &brokenStore{Store: memstore.New()})
	got := c.do("GET", "fleet", "")
	require.Equal(t, http.StatusNotFound, got.Code)
	require.Contains(t, got.at("detail"), "keeps no rows")
	require.Equal(t, http.StatusOK, c.do("GET", "log", "").Code, "the log is in the document")
}

func TestAPILogWithAnEntryThatCannotBeRead(t *testing.T) {
	t.Parallel()
	mem := memstore.New()
	st := &brokenStore{Store: mem}
	c := newAPI(t, st)
	c.plan()
	c.plan()
	blob, err := mem.Get(t.Context(), "")
	require.NoError(t, err)
	st.bytes = strings.Replace(string(blob.Bytes), `"action":"schedule"`, `"action":""`, 1)
	log := c.do("GET", "log", "")
	require.Equal(t, http.StatusOK, log.Code, log.Body)
	require.Len(t, log.at("entries"), 1)
	require.Contains(t, c.log.String(), "has no action")
}

func TestAPIListsAreBounded(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	c := newAPI(t, st)
	const all = 250
	from := time.Date(2097, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range all {
		_, err := operator.Operator{Store: st}.Schedule(t.Context(), operator.WindowOptions{Start: from.Add(time.Duration(i/2) * time.Hour), EndAfter: time.Hour})
		require.NoError(t, err)
	}
	var ids []string
	path, pages := "periods", 0
	for ; path != ""; pages++ {
		page := c.do("GET", path, "")
		require.Equal(t, http.StatusOK, page.Code, page.Body)
		items := page.at("periods").([]any)
		require.LessOrEqual(t, len(items), 100)
		for _, p := range items {
			ids = append(ids, p.(map[string]any)["id"].(string))
		}
		if path = ""; page.at("next") != nil {
			path = "periods?cursor=" + page.text("next")
		}
		// A period that is removed, and one that is added before it, move nothing.
		if pages == 0 {
			_, err := operator.Operator{Store: st}.Cancel(t.Context(), ids[len(ids)-1], operator.CancelOptions{})
			require.NoError(t, err)
		}
		_, err := operator.Operator{Store: st}.Schedule(t.Context(), operator.WindowOptions{Start: from.Add(-time.Hour), EndAfter: time.Hour})
		require.NoError(t, err)
	}
	require.Equal(t, 3, pages)
	require.Len(t, ids, all)
	slices.Sort(ids)
	require.Len(t, slices.Compact(ids), all, "each once")

	require.Len(t, c.do("GET", "periods?limit=1000", "").at("periods"), all+pages-1)
	require.Len(t, c.do("GET", "periods?limit=1", "").at("periods"), 1)
	require.Len(t, c.do("GET", "log", "").at("entries"), 100)
	require.Len(t, c.do("GET", "log?limit=7", "").at("entries"), 7)

	state := c.do("GET", "state", "")
	require.Len(t, state.at("upcoming"), 100)
	require.InEpsilon(t, all+pages-1-100, state.at("upcoming_omitted"), 0)
	require.Nil(t, state.at("in_force_omitted"))
}

func TestAPIStateTag(t *testing.T) {
	t.Parallel()
	c := newAPI(t, memstore.New())
	tag := c.do("GET", "state", "").Header().Get("ETag")
	require.Regexp(t, `^W/"[0-9a-f]{20}"$`, tag)
	for value, want := range map[string]int{
		tag:                           http.StatusNotModified,
		strings.TrimPrefix(tag, "W/"): http.StatusNotModified,
		"*":                           http.StatusNotModified,
		`"x", ` + tag:                 http.StatusNotModified,
		`"x"`:                         http.StatusOK,
		`W/"x` + tag[3:]:              http.StatusOK,
	} {
		got := c.do("GET", "state", "", header{"If-None-Match", value})
		require.Equal(t, want, got.Code, value)
		require.Equal(t, tag, got.Header().Get("ETag"))
	}
}

func TestAPIStateNamesSoManyPeriodsInForce(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	c := newAPI(t, st)
	for i := range 103 {
		_, err := operator.Operator{Store: st}.Start(t.Context(), operator.StartOptions{Holder: strconv.Itoa(i)})
		require.NoError(t, err)
	}
	state := c.do("GET", "state", "")
	require.Len(t, state.at("in_force"), 100)
	require.InEpsilon(t, 3, state.at("in_force_omitted"), 0)
	require.Nil(t, state.at("upcoming_omitted"))
	stale := c.do("POST", "end", `{"all": true, "revision": 1}`)
	require.Len(t, stale.at("state", "in_force"), 100)
	require.InEpsilon(t, 3, stale.at("state", "in_force_omitted"), 0)
}

func TestAPIFleetCountsWhatItDoesNotName(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	c := newAPI(t, st) // a row of its own
	for i := range 1001 {
		report(t, st, period.Row{ID: "i" + strconv.Itoa(i), Host: "web", PID: i}, time.Hour)
	}
	fleet := c.do("GET", "fleet", "")
	require.Len(t, fleet.at("instances"), 1000)
	require.InEpsilon(t, 2, fleet.at("instances_omitted"), 0)
	require.InEpsilon(t, 1002, fleet.at("fleet", "instances"), 0)
}

// report writes a row.
func report(t testing.TB, st store.Rows, row period.Row, lease time.Duration) {
	t.Helper()
	b, err := row.Encode()
	require.NoError(t, err)
	_, _, err = st.PutRow(t.Context(), row.ID, b, lease)
	require.NoError(t, err)
}

func TestAPIFleetListsInstancesThatLeft(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	c := newAPI(t, st)
	report(t, st, period.Row{ID: "web1", Host: "web1"}, time.Hour)
	require.NoError(t, st.DeleteRow(t.Context(), "web1", []byte("shut down")))
	fleet := c.do("GET", "fleet", "")
	rows := map[string]any{}
	for _, row := range fleet.at("instances").([]any) {
		rows[row.(map[string]any)["id"].(string)] = row
	}
	require.Len(t, rows, 2)
	require.Equal(t, "left", rows["web1"].(map[string]any)["life"])
	require.Equal(t, "shut down", rows["web1"].(map[string]any)["note"])
	require.InEpsilon(t, 1, fleet.at("fleet", "instances"), 0, "it is not counted")
}

// TestAPIStateTagLeavesCountsOut: a client that polls gets no new state for each request.
func TestAPIStateTagLeavesCountsOut(t *testing.T) {
	t.Parallel()
	c := newAPI(t, memstore.New())
	tag := c.do("GET", "state", "").Header().Get("ETag")
	ticket, ok := c.gate.Enter(nil)
	require.True(t, ok)
	defer ticket.Leave()
	busy := c.do("GET", "state", "")
	require.InEpsilon(t, 1, busy.at("gate", "in_flight"), 0)
	require.Equal(t, tag, busy.Header().Get("ETag"))
}

// wentBackStore says that it held a newer document before.
type wentBackStore struct{ *memstore.Store }

func (s wentBackStore) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	set, err := s.Store.ListRows(ctx, have)
	if doc, err := period.Decode(set.Blob.Bytes); err == nil {
		set.Newest = period.Mark{StoreID: doc.StoreID, Revision: 99, WriteID: "x.y"}
	}
	return set, err
}

func TestAPIStateSaysThatTheStoreWentBack(t *testing.T) {
	t.Parallel()
	c := newAPI(t, wentBackStore{memstore.New()})
	c.plan()
	got := c.do("GET", "state", "")
	require.Equal(t, "unknown", got.at("state"))
	require.Contains(t, got.text("went_back"), "does not continue revision 99")
	require.Nil(t, got.at("barrier"))
}

// TestAPIStateTagIgnoresCounts: a client that asks for changes only gets none because a request runs.
func TestAPIStateTagIgnoresCounts(t *testing.T) {
	t.Parallel()
	mem := memstore.New()
	c := newAPI(t, mem)
	require.Equal(t, http.StatusCreated, c.do("POST", "start", `{}`).Code)
	report := func(inFlight int64) string {
		mark := c.mark()
		b, err := period.Row{
			ID: "busy", Host: "web1", State: period.Closed, InFlight: inFlight, Reads: period.Reads(),
			StoreID: mark.StoreID, Revision: mark.Revision, WriteID: mark.WriteID,
		}.Encode()
		require.NoError(t, err)
		_, _, err = mem.PutRow(t.Context(), "busy", b, time.Hour)
		require.NoError(t, err)
		got := c.do("GET", "state", "")
		require.Equal(t, "not-drained", got.text("barrier", "result"))
		return got.Header().Get("Etag")
	}
	require.Eventually(t, func() bool { return c.gate.Status().Quiet }, time.Minute, time.Millisecond)
	require.Equal(t, report(3), report(4))
}
