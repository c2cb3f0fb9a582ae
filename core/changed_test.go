package core_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/memstore"
)

// A change that visitors notice while the gate is closed has one line in the log. A change that
// they do not notice has none.
func TestTheLogTellsOfChangesThatVisitorsNotice(t *testing.T) {
	t.Parallel()
	hour := func(n int) time.Time { return time.Now().Add(time.Duration(n) * time.Hour).Truncate(time.Second) }
	edit := func(opts operator.EditOptions) func(op operator.Operator, id string) error {
		return func(op operator.Operator, id string) error {
			_, err := op.Edit(context.Background(), id, opts)
			return err
		}
	}
	type attrs = map[string]string
	for name, c := range map[string]struct {
		change func(op operator.Operator, id string) error
		want   attrs // of the line; nil: no line
	}{
		"another reason":     {edit(operator.EditOptions{Reason: new("index")}), attrs{"reason": "index", "kind": "planned", "until": "unknown"}},
		"an emergency":       {edit(operator.EditOptions{Emergency: new(true)}), attrs{"reason": "schema", "kind": "emergency"}},
		"no reason any more": {edit(operator.EditOptions{Reason: new("")}), attrs{"reason": ""}},
		"the same reason":    {edit(operator.EditOptions{Reason: new("schema")}), nil},
		"an expected end": {func(op operator.Operator, id string) error {
			return edit(operator.EditOptions{ExpectedEnd: new(hour(2))})(op, id)
		}, attrs{"reason": "schema", "kind": "planned"}},
		"a window of tomorrow": {func(op operator.Operator, _ string) error {
			_, err := op.Schedule(context.Background(), operator.WindowOptions{Start: hour(24), End: hour(25)})
			return err
		}, nil},
		"a second period of the same kind, without a reason, that ends first": {func(op operator.Operator, _ string) error {
			_, err := op.Schedule(context.Background(), operator.WindowOptions{StartNow: true, End: hour(1)})
			return err
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := memstore.New()
				gate, book := newGate(t, core.Config{Store: st})
				id := start(t, st, operator.StartOptions{Holder: "kim", Reason: new("schema")}).Period.ID
				require.NoError(t, gate.Refresh(t.Context()))
				time.Sleep(time.Second)
				require.NoError(t, c.change(operator.Operator{Store: st}, id))
				require.NoError(t, gate.Refresh(t.Context()))
				synctest.Wait()
				want := []string{"closed", "drained"}
				if c.want != nil {
					want = append(want, "changed")
				}
				require.Equal(t, want, book.messages()[:len(want)])
				require.Equal(t, len(want)-2, count(book.messages(), "changed"))
				for key, value := range c.want {
					require.Equal(t, value, book.attr("changed", key), key)
				}
			})
		})
	}
}
