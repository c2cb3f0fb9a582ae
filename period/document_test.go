package period

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSupersedes(t *testing.T) {
	t.Parallel()
	doc := func(storeID string, revision int64, change func(d *Document)) *Document {
		d := &Document{Format: Format, StoreID: storeID, Revision: revision, Periods: []Period{}}
		if storeID != "" {
			d.Seal()
		}
		if change != nil {
			change(d)
			d.Seal()
		}
		return d
	}
	have := doc("a", 7, nil)
	edited := *have
	edited.Name = "edited by hand"
	byHand := &Document{Format: Format, Periods: []Period{{ID: "p", Kind: Window, Start: noon, Version: 1}}}
	replaces := func(id string) func(d *Document) { return func(d *Document) { d.Replaces = id } }
	reconciled := func(above int64) func(d *Document) { return func(d *Document) { d.Reconciled = above } }
	for name, tc := range map[string]struct {
		d, have          *Document
		fresh, regressed bool // whether d supersedes before and after the gate has regressed
	}{
		"anything over nothing":                            {doc("a", 1, nil), nil, true, true},
		"a later revision":                                 {doc("a", 8, nil), have, true, false},
		"a much later revision":                            {doc("a", 99, nil), have, true, false},
		"an earlier revision":                              {doc("a", 6, nil), have, false, false},
		"the same write":                                   {have, have, true, true},
		"the same write, edited by hand":                   {&edited, have, true, true},
		"another write of the same revision":               {doc("a", 7, nil), have, false, false},
		"a later revision that is reconciled":              {doc("a", 8, reconciled(7)), have, true, true},
		"reconciled above more than the gate has seen":     {doc("a", 42, reconciled(41)), have, true, true},
		"reconciled below what the gate has seen":          {doc("a", 8, reconciled(6)), have, true, false},
		"reconciled, but of an earlier revision":           {doc("a", 6, reconciled(6)), have, false, false},
		"written after a reconcile":                        {doc("a", 60, reconciled(41)), have, true, true},
		"another document":                                 {doc("b", 99, nil), have, false, false},
		"another document that is reconciled":              {doc("b", 99, reconciled(98)), have, false, false},
		"one that replaces this one":                       {doc("b", 1, replaces("a")), have, true, true},
		"one that replaces any":                            {doc("b", 1, replaces(AnyDocument)), have, true, true},
		"one that replaces a third":                        {doc("b", 1, replaces("c")), have, false, false},
		"a replacing document is still bound to revisions": {doc("a", 6, replaces(AnyDocument)), have, false, false},
		"a file made by hand":                              {byHand, have, true, true},
		"anything over a file made by hand":                {doc("b", 1, nil), byHand, true, true},
		"a file made by hand over another":                 {byHand, &Document{Format: Format}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.fresh, tc.d.Supersedes(tc.have, false))
			require.Equal(t, tc.regressed, tc.d.Supersedes(tc.have, true))
		})
	}
}

func TestANilDocumentHasNothing(t *testing.T) {
	t.Parallel()
	var none *Document
	require.Zero(t, none.Mark())
	require.Equal(t, []Period{}, none.InForce(noon))
	_, found := none.Find("a")
	require.False(t, found)
}

func TestADocumentFindsItsPeriods(t *testing.T) {
	t.Parallel()
	d := &Document{Periods: []Period{
		{ID: "a", Kind: Window, Start: noon, Enabled: true},
		{ID: "b", Kind: Window, Start: noon},
		{ID: "c", Kind: Deployment, Start: noon, Enabled: true},
	}}
	p, found := d.Find("b")
	require.True(t, found)
	require.Equal(t, d.Periods[1], p)
	require.Equal(t, []Period{d.Periods[0], d.Periods[2]}, d.InForce(noon))
	require.Equal(t, []Period{d.Periods[2]}, d.InForce(noon.Add(-1)))
}
