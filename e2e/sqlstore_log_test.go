package e2e

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/sqlstore"
)

// olderTables are those of version 1, which had no log.
func olderTables(t *testing.T, d database) {
	t.Helper()
	st := d.store(t, sqlstore.Options{})
	require.NoError(t, st.Migrate(t.Context()))
	_, err := core.Init(t.Context(), st, core.InitOptions{})
	require.NoError(t, err)
	d.exec(t, "DROP TABLE downtime_log")
	d.exec(t, "DELETE FROM downtime_schema_version WHERE version > 1")

	later := d.store(t, sqlstore.Options{})
	before, err := later.Load(t.Context(), core.Mark{})
	require.NoError(t, err, "a gate that is upgraded first goes on")
	_, _, err = later.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
	require.NoError(t, err)
	_, _, err = later.Instances(t.Context())
	require.NoError(t, err)
	_, err = core.Start(t.Context(), later, core.StartOptions{Holder: "ann"})
	require.ErrorContains(t, err, "the tables are of version 1, and this program needs 2: run `downtime init`")
	_, err = later.Entries(t.Context(), 0)
	require.ErrorContains(t, err, "run `downtime init`")

	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		st := d.store(t, sqlstore.Options{})
		wg.Go(func() { errs[i] = st.Migrate(t.Context()) })
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Equal(t, 2, d.count(t, "downtime_schema_version"))
	after, err := later.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	require.Equal(t, before.Document, after.Document)
	_, err = core.Start(t.Context(), later, core.StartOptions{Holder: "ann"})
	require.NoError(t, err, "also by whoever had found them too old")
	entries, err := later.Entries(t.Context(), 0)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

// withoutLog is what somebody leaves who dropped the table.
func withoutLog(t *testing.T, d database) {
	t.Helper()
	st := d.store(t, sqlstore.Options{})
	require.NoError(t, st.Migrate(t.Context()))
	_, err := core.Init(t.Context(), st, core.InitOptions{})
	require.NoError(t, err)
	before, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	d.exec(t, "DROP TABLE downtime_log")

	_, err = core.Start(t.Context(), st, core.StartOptions{Holder: "ann"})
	require.ErrorContains(t, err, "the table of the log is not there; run `downtime init`")
	require.NotErrorIs(t, err, core.ErrLost, "the document is there")
	_, err = st.Entries(t.Context(), 0)
	require.ErrorContains(t, err, "the table of the log is not there; run `downtime init`")
	after, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	require.Equal(t, before.Mark, after.Mark, "nothing is written without its entry")

	require.NoError(t, st.Migrate(t.Context()))
	_, err = core.Start(t.Context(), st, core.StartOptions{Holder: "ann"})
	require.NoError(t, err)
	require.Equal(t, 2, d.count(t, "downtime_schema_version"))
	d.exec(t, "UPDATE downtime_log SET entry = '{}'")
	_, err = st.Entries(t.Context(), 0)
	require.ErrorContains(t, err, "app shop, seq 1 is not as it was written, repair or remove that row")
}

// numbersTheLog: applications that write at once into one table keep logs of their own,
// each in its order.
func numbersTheLog(t *testing.T, d database) {
	t.Helper()
	require.NoError(t, d.store(t, sqlstore.Options{}).Migrate(t.Context()))
	apps := []string{"a", "b", "c"}
	var wg sync.WaitGroup
	errs := make([]error, 2*len(apps))
	for i := range errs {
		st := d.store(t, sqlstore.Options{App: apps[i/2]})
		if i%2 == 0 {
			_, err := core.Init(t.Context(), st, core.InitOptions{})
			require.NoError(t, err)
		}
		wg.Go(func() {
			for n := range 5 {
				if _, err := core.Start(t.Context(), st, core.StartOptions{Holder: strconv.Itoa(i), Actor: strings.Repeat("x", n)}); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	for _, app := range apps {
		entries, err := d.store(t, sqlstore.Options{App: app}).Entries(t.Context(), 0)
		require.NoError(t, err)
		require.Len(t, entries, 11)
		for i, e := range entries {
			require.EqualValues(t, 11-i, e.Revision)
		}
	}
}
