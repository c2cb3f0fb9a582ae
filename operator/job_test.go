package operator

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store/memstore"
)

func TestJobsOfAHolder(t *testing.T) {
	t.Parallel()
	st := memstore.New()
	start := func(job string) string {
		res, err := on(st).Start(t.Context(), StartOptions{Holder: "run", Job: job})
		require.NoError(t, err)
		require.Equal(t, job, res.Period.Job)
		return res.Period.ID
	}
	end := func(job *string) ([]string, error) {
		res, err := on(st).End(t.Context(), EndOptions{Holder: "run", Job: job})
		return idsOf(res.Ended), err
	}
	one, two := start("1"), start("2")
	require.NotEqual(t, one, two, "each job has its own")
	require.Equal(t, one, start("1"), "and changes it")

	_, err := end(new("3"))
	require.ErrorIs(t, err, ErrSeveral)
	require.ErrorContains(t, err, one+", "+two)
	got, err := end(new("1"))
	require.NoError(t, err)
	require.Equal(t, []string{one}, got)
	got, err = end(new("3"))
	require.NoError(t, err)
	require.Equal(t, []string{two}, got, "the only one of the holder")
	_, err = end(new("3"))
	require.ErrorIs(t, err, ErrNothingToEnd)

	three, four := start("3"), start("")
	got, err = end(new(""))
	require.NoError(t, err)
	require.Equal(t, []string{four}, got)
	four = start("4")
	got, err = end(nil)
	require.NoError(t, err)
	require.Equal(t, []string{three, four}, got, "of all jobs")
}
