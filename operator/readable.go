package operator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// readableByAll returns an error if a live instance cannot read next. With Force it returns nil.
func (o Operator) readableByAll(rows []store.Row, next *period.Document) error {
	if o.Force || len(rows) == 0 {
		return nil
	}
	var faults []string
	uses := next.Uses()
	for _, r := range rows {
		row, err := period.DecodeRow(r.Key, r.Bytes)
		if r.Life != store.Live || err != nil {
			continue
		}
		missing := slices.DeleteFunc(slices.Clone(uses), func(name string) bool { return slices.Contains(row.Reads, name) })
		if len(missing) > 0 {
			faults = append(faults, fmt.Sprintf("%s/%d (version %s) does not implement %s", row.Host, row.PID, cmp.Or(row.Version, "unknown"), strings.Join(missing, ", ")))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrNotReadableByAll, strings.Join(faults, "; "))
}
