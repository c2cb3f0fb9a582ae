package cli

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

func overridden(r *period.Row) { r.Override = "up" }

// silence makes the lease of each row end.
type silence struct{ *memstore.Store }

func (s silence) ListRows(ctx context.Context, have store.Token) (store.Rowset, error) {
	set, err := s.Store.ListRows(ctx, have)
	for n := range set.Rows {
		set.Rows[n].Life = store.Expired
	}
	return set, err
}

// unlisted cannot list its rows.
type unlisted struct{ *memstore.Store }

func (unlisted) ListRows(context.Context, store.Token) (store.Rowset, error) {
	return store.Rowset{}, errors.New("no grant")
}

func TestStatusLeadsWithInstancesThatDoOtherwise(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		down  bool
		rows  []func(*period.Row)
		over  func(st *memstore.Store) store.Store
		state string
		code  int
	}{
		"down everywhere":           {true, []func(*period.Row){refusing, refusing}, nil, "state      DOWN since ", ExitDown},
		"up everywhere":             {false, []func(*period.Row){asReported}, nil, "state      UP\n", ExitDone},
		"one of two is overridden":  {true, []func(*period.Row){overridden, refusing}, nil, "state      DOWN, but 1 of 2 instances serves: host web1 (override up)\n           since ", ExitMixed},
		"one cannot read the store": {true, []func(*period.Row){func(r *period.Row) { r.Problem = "EACCES" }}, nil, "state      DOWN, but 1 of 1 instance serves: host web1 (cannot read the store)\n", ExitMixed},
		"up, and one is held down":  {false, []func(*period.Row){asReported, func(r *period.Row) { refusing(r); r.Override = "down" }}, nil, "state      UP, but 1 of 2 instances refuses: host web2 (override down)\n", ExitMixed},
		"no instance has reported":  {true, nil, nil, "end unknown; by the store: no instance has reported\n", ExitUnobserved},
		"an instance is silent":     {false, []func(*period.Row){asReported}, func(st *memstore.Store) store.Store { return silence{st} }, "state      UP\n", ExitUnobserved},
		"the rows cannot be read":   {true, []func(*period.Row){asReported}, func(st *memstore.Store) store.Store { return unlisted{st} }, "end unknown; by the store: the instances are not known\n", ExitUnobserved},
		"the store keeps no rows":   {false, nil, func(st *memstore.Store) store.Store { return struct{ store.Store }{st} }, "state      UP\n", ExitUnobserved},
		"an instance has left":      {false, []func(*period.Row){asReported, func(r *period.Row) { r.State = period.Leaving }}, nil, "state      UP\n", ExitDone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mem := begun(t)
			if test.down {
				down(t, mem)
			}
			report(t, mem, test.rows...)
			var st store.Store = mem
			if test.over != nil {
				st = test.over(mem)
			}
			code, stdout, stderr := run(t, st, "status", "--exit-code")
			require.Equal(t, test.code, code, stdout+stderr)
			require.Contains(t, stdout, test.state)
			require.True(t, strings.HasPrefix(stdout, "state "), stdout)
		})
	}
}

func TestWritesLeadWithInstancesThatWillDoOtherwise(t *testing.T) {
	t.Parallel()
	st := begun(t)
	report(t, st, overridden, asReported, func(r *period.Row) { r.Problem = "EACCES" })
	_, stdout, _ := run(t, applied{st}, "start", "--no-wait", "--holder", "x")
	require.Contains(t, stdout, "state      DOWN, but 2 of 3 instances serve: host web1 (override up), host web3 (cannot read the store)\n           since ")
	require.NotContains(t, stdout, "web2", "it has not read the write yet, which is no disagreement")

	_, stdout, _ = run(t, applied{st}, "end", "--all")
	require.Contains(t, stdout, "state      UP\n", "those that serve do as the store says")
}

// warning is a store that has noticed something.
type warning struct{ *memstore.Store }

func (w warning) Info() store.Info {
	info := w.Store.Info()
	info.Warning = "the file is mounted alone"
	return info
}

func TestTheWarningOfTheStoreIsShown(t *testing.T) {
	t.Parallel()
	st := begun(t)
	report(t, st, func(r *period.Row) { r.Warning = "a link is on the way" })
	for _, args := range [][]string{{"status"}, {"fleet"}, {"start", "--holder", "x", "--no-wait"}} {
		_, stdout, _ := run(t, warning{st}, args...)
		require.Contains(t, stdout, "warning    the file is mounted alone\n", args)
	}
	_, stdout, _ := run(t, warning{st}, "fleet")
	require.Contains(t, stdout, "warning    web1/4711 reports: a link is on the way\n")
	for _, args := range [][]string{{"status", "--json"}, {"fleet", "--json"}} {
		_, stdout, _ := run(t, warning{st}, args...)
		require.Contains(t, stdout, `"warning": "the file is mounted alone"`, args)
	}
}
