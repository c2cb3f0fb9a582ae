package cli

import (
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/core/wire"
)

// reconciledJSON is what reconcile did, or with --dry-run would do.
type reconciledJSON struct {
	From     int64    `json:"from"`
	To       int64    `json:"to"`
	Refusing []string `json:"refusing"` // ids of the instances that refuse before the write
	Opens    []string `json:"opens"`    // those of them that will open by it
}

func (f fleet) json() wire.Fleet { return f.Fleet(f.rows) }

func (s *seen) json() *wire.Counts {
	if s == nil {
		return nil
	}
	out := s.counts()
	if s.err != nil {
		out.Error = s.err.Error()
	}
	return &out
}

func ids(rows []core.Instance) []string {
	out := make([]string, 0, len(rows))
	for _, i := range rows {
		out = append(out, i.ID)
	}
	return out
}
