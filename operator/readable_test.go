package operator

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

func TestAWriteThatALiveInstanceCannotReadIsRefused(t *testing.T) {
	t.Parallel()
	without := func(names ...string) func(r *period.Row) {
		return func(r *period.Row) {
			r.Reads = slices.DeleteFunc(r.Reads, func(name string) bool { return slices.Contains(names, name) })
		}
	}
	expired := func(r store.Row, life store.Life) store.Row { r.Life = life; return r }
	for name, tc := range map[string]struct {
		rows []store.Row
		want string
	}{
		"no rows":                         {nil, ""},
		"an instance that reads all":      {[]store.Row{aRow(t, "a", nil)}, ""},
		"one that reads more":             {[]store.Row{aRow(t, "a", func(r *period.Row) { r.Reads = append(r.Reads, "passes") })}, ""},
		"one that lacks an unused member": {[]store.Row{aRow(t, "a", without("periods.expected_end", "replaces", "name"))}, ""},
		"one that lacks a used member":    {[]store.Row{aRow(t, "a", nil), aRow(t, "b", without("periods.reason"))}, "web/1 (version v1.2.3) does not implement periods.reason"},
		"two that lack members": {
			[]store.Row{aRow(t, "a", without("log", "periods.reason")), aRow(t, "b", func(r *period.Row) { without("log")(r); r.Version, r.Host, r.PID = "", "api", 7 })},
			"web/1 (version v1.2.3) does not implement log, periods.reason; api/7 (version unknown) does not implement log",
		},
		"a silent one":                     {[]store.Row{expired(aRow(t, "a", without("log")), store.Expired)}, ""},
		"a dead one":                       {[]store.Row{expired(aRow(t, "a", without("log")), store.Gone)}, ""},
		"one that left":                    {[]store.Row{{Key: "a", Life: store.Deleted}}, ""},
		"a row that cannot be read":        {[]store.Row{{Key: "a", Bytes: []byte("{"), Life: store.Live}}, ""},
		"a row that the store cannot read": {[]store.Row{{Key: "a", Err: errors.New("corrupt"), Life: store.Expired}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := &trialFleet{trialStore: storeAt(noonUTC), rows: tc.rows}
			o := on(st)
			_, err := o.Start(t.Context(), StartOptions{Holder: "x", Reason: new("r")})
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrNotReadableByAll)
			require.ErrorContains(t, err, tc.want)
			require.Equal(t, CodeNotReadableByAll, Explain(err).Code)
			require.Nil(t, st.text)
			require.Zero(t, st.swaps)
			o.Force = true
			_, err = o.Start(t.Context(), StartOptions{Holder: "x", Reason: new("r")})
			require.NoError(t, err)
		})
	}
}

func TestRowsThatCannotBeListedDoNotPreventAWrite(t *testing.T) {
	t.Parallel()
	for name, listed := range map[string]error{
		"permission": errors.New("permission denied for table rows"), "read-only": store.ErrReadOnly, "time": context.DeadlineExceeded,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := &trialFleet{trialStore: storeAt(noonUTC), list: listed}
			_, err := on(st).Start(t.Context(), StartOptions{Holder: "x"})
			require.NoError(t, err)
			res, err := on(st).End(t.Context(), EndOptions{All: true})
			require.NoError(t, err)
			require.Empty(t, res.InForce())
		})
	}
}
