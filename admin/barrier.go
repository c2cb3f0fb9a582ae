package admin

import (
	"time"

	"github.com/go-downtime/downtime/internal/visible"
	"github.com/go-downtime/downtime/internal/wire"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
)

// mostHoldouts is how many instances the page names of those that the barrier waits for.
const mostHoldouts = 10

// barrierView says whether the work may begin. Only the title of [operator.Safe] says "safe to
// migrate".
type barrierView struct {
	operator.Judgment

	Title string
	// Text is the summary of the judgment, as the command shows it, as a sentence.
	Text string
	// Parts are the instances that the result is about, and More counts those that are not listed.
	Parts []partView
	More  int
}

// partView is an instance that is not known to have drained.
type partView struct {
	instanceView

	Why string
	// From is when it became silent. Zero if it is live.
	From time.Time
}

var barrierTitles = map[operator.Safety]string{
	operator.Safe:       "Safe to migrate",
	operator.Presumed:   "Presumed, and not proved",
	operator.NotDrained: "Not drained yet",
	operator.NoInstance: "No live instance",
	operator.Superseded: "Superseded: do not go on",
	operator.Unknown:    "Not known",
}

// Drain is the result of the barrier; nil if the site is up and no period is watched.
func (v seen) Drain() *barrierView {
	j := v.Barrier
	switch {
	case j.Err != nil && v.Verdict.Down: // a warning says why the document cannot be read
		j.Result, j.Why, j.Instances = operator.Unknown, "the store cannot be read", nil
	case j.Err != nil, j.Result == "":
		return nil
	}
	b := &barrierView{Judgment: j, Title: barrierTitles[j.Result], Text: sentence(visible.Line(j.Summary()))}
	if j.Result == operator.Superseded {
		return b
	}
	for _, i := range append(j.Holdouts(), j.Accepted()...) {
		if len(b.Parts) == mostHoldouts {
			b.More++
			continue
		}
		p := partView{instanceView: instanceView{Instance: i, LifeWord: wire.LifeOf(i), Clock: v.Clock}, Why: visible.Line(i.Why)}
		if i.Silent() && !i.Lease.IsZero() && i.Lease.Before(j.Time) {
			p.From = i.Lease
		}
		b.Parts = append(b.Parts, p)
	}
	return b
}

// Watch is the deployment whose end the page reports while it is open: the operator's own, or the
// one that lasts longest. "" if none is in force.
func (p nowPage) Watch() string {
	if own := p.Own(); own != "" || p.Verdict.Governing.Kind != period.Deployment || p.Err != nil {
		return own
	}
	return p.Verdict.Governing.ID
}
