package barrier

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store/filestore"
)

// TestANewSetOfRowsOnAFileIsIncomplete holds the reason why a new set of rows is incomplete for 20 s
// on a file store too. Lock files show which of the listed processes live, but a live process whose
// files were removed is not listed. If the whole directory was removed, nothing on the disk differs
// from a first deployment. An instance that cannot read the document notices nothing, and writes its
// row again with its next report. A set that counted as complete would be "safe" here, while an
// instance serves.
func TestANewSetOfRowsOnAFileIsIncomplete(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, dir string){
		"the rows are removed": func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "s.json.instances")))
		},
		"everything is removed": func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, os.RemoveAll(dir))
			require.NoError(t, os.Mkdir(dir, 0o755))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "state")
				require.NoError(t, os.Mkdir(dir, 0o755))
				stores := map[string]*filestore.Store{}
				for _, name := range []string{"operator", "serves", "refuses"} {
					st, err := filestore.New(filepath.Join(dir, "s.json"))
					require.NoError(t, err)
					stores[name] = st
				}
				report := func(name string, row period.Row) {
					row.ID, row.Host, row.PID, row.Reads = name, "web1", len(name), period.Reads()
					b, err := row.Encode()
					require.NoError(t, err)
					_, _, err = stores[name].PutRow(t.Context(), name, b, time.Minute)
					require.NoError(t, err)
				}
				op := operator.Operator{Store: stores["operator"], Actor: "ann"}
				report("serves", period.Row{State: period.Open})
				time.Sleep(time.Hour)
				lose(t, dir)

				res, err := op.Start(t.Context(), operator.StartOptions{})
				require.NoError(t, err)
				mark := res.After.Mark()
				report("refuses", period.Row{
					State: period.Closed, Cause: "period", Drained: []string{res.Period.ID}, Judged: 1,
					StoreID: mark.StoreID, Revision: mark.Revision, WriteID: mark.WriteID,
				})
				judge := func() operator.Judgment {
					set, err := stores["operator"].ListRows(t.Context(), "")
					b := operator.Barrier{Period: res.Period, Mark: mark, Read: res.Time, Confirmed: res.Time}
					return operator.Judge(set, err, b)
				}
				j := judge()
				require.Len(t, j.Instances, 1, "the instance that serves is not listed")
				require.Empty(t, j.Holdouts())
				require.Equal(t, operator.NotDrained, j.Result)
				require.Contains(t, j.Why, "less than 20 s old")

				time.Sleep(18 * time.Second) // the longest time between two reports
				report("serves", period.Row{State: period.Open})
				require.Len(t, judge().Holdouts(), 1)
				time.Sleep(2 * time.Second)
				j = judge()
				require.Equal(t, operator.NotDrained, j.Result)
				require.Len(t, j.Holdouts(), 1, "the set is old enough, and complete")
			})
		})
	}
}
