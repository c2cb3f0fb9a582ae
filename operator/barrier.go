package operator

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// A set of rows that is younger than youngSet may lack a live instance: each instance renews its row
// within this time. A file store needs this time too, see newset_test.go in e2e/barrier.
const youngSet = 20 * time.Second

// Barrier is a closing write, for [Judge] and [Operator.Wait]. [Result.Barrier] returns that of a
// write. The zero Barrier judges by all periods in force, regardless of the write.
type Barrier struct {
	// Period is the period as it was written. Judge uses its ID and its End. The zero Period means
	// all periods in force.
	Period period.Period
	// Mark identifies the write. An instance must have adopted it, or a later one. The zero Mark
	// means the last write that closed more.
	Mark period.Mark
	// Read is when the document was read that the write changed, and Confirmed when the write was
	// read back, both by the store's clock. If Confirmed is zero, no instance is accepted because
	// of its policy. If Read is zero, no silent instance is accepted.
	Read, Confirmed time.Time
	// Seen are the rows of earlier listings, one of them from before the write. An instance in Seen
	// whose row has vanished is silent.
	Seen []store.Row
	// Expect is how many processes must have drained at least. Nil means any number but zero, and
	// 0 also accepts [NoInstance], see [Judgment.Reached].
	Expect *int
	// AcceptSilent accepts each instance that was silent before the write, for at least this time.
	// Zero accepts none.
	AcceptSilent time.Duration
}

// Reached reports whether the barrier b is reached without reservation: the result is [Safe], or
// it is [NoInstance] and b.Expect is 0. The caller decides about [Presumed].
func (j Judgment) Reached(b Barrier) bool {
	return j.Result == Safe || j.Result == NoInstance && b.Expect != nil && *b.Expect == 0
}

// Holdouts returns the instances that the barrier waits for.
func (j Judgment) Holdouts() []Instance {
	return j.Which(func(i Instance) bool { return i.Part == Holdout })
}

// Accepted returns the instances because of which the result is not [Safe] but [Presumed].
func (j Judgment) Accepted() []Instance {
	return j.Which(func(i Instance) bool { return i.Part == Accepted })
}

// Summary says the result in one sentence for people, without a full stop at its end. "" if there is
// no result.
func (j Judgment) Summary() string {
	drained := len(j.Which(func(i Instance) bool { return i.Live() && i.Part == Done }))
	refuse, have := "instances refuse", "instances have"
	if drained == 1 {
		refuse, have = "instance refuses", "instance has"
	}
	switch holdouts := len(j.Holdouts()); j.Result {
	case "":
		return ""
	case Safe:
		return fmt.Sprintf("safe: %d live %s, and every request admitted before has ended", drained, refuse)
	case Presumed:
		return fmt.Sprintf("presumed safe: %d live %s drained, and %d more accepted without a proof", drained, have, len(j.Accepted()))
	case NoInstance:
		return "no live instance: none has reported to this store, or all have left"
	case NotDrained:
		if holdouts > 0 {
			return fmt.Sprintf("not drained: waiting for %d of %d instances", holdouts, len(j.Which(func(i Instance) bool { return i.Live() || i.Silent() })))
		}
		return "not drained: " + j.Why
	}
	return string(j.Result) + ": " + j.Why
}

// safety returns j with its result, and with the parts of its instances.
func (j Judgment) safety(b Barrier) Judgment {
	if b.Period.ID == "" && len(j.Periods) == 0 && j.Err == nil {
		return j // the site is up
	}
	if j.Result, j.Why = j.readable(b); j.Result != "" {
		return j
	}
	for _, id := range j.Periods {
		p, _ := j.Document.Find(id)
		j.Until = sooner(j.Until, p.End)
	}
	drained, live := map[process]bool{}, 0
	judged := slices.ContainsFunc(j.Instances, func(i Instance) bool { return i.Live() && i.Judged > 0 })
	for n := range j.Instances {
		i := &j.Instances[n]
		if i.Live() || i.Silent() {
			live++
		}
		i.Part, i.Why = j.part(*i, b, judged)
		if i.Live() && i.Part != Holdout {
			drained[process{i.Host, i.Boot, i.PID}] = true
			if !j.Until.IsZero() { // else the instance names the end of another period
				j.Until = sooner(j.Until, i.DrainedUntil)
			}
		}
	}
	switch {
	case live == 0:
		j.Result = NoInstance
	case j.Since.IsZero() || j.Time.Sub(j.Since) < youngSet:
		j.Result = NotDrained
		j.Why = "the list of instances is less than 20 s old, and may lack one"
		if j.Since.IsZero() {
			j.Why = "the store has lost the list of instances"
		}
	case len(j.Holdouts()) > 0:
		j.Result = NotDrained
	case b.Expect != nil && len(drained) < *b.Expect:
		j.Result, j.Why = NotDrained, fmt.Sprintf("%d of %d expected processes have drained", len(drained), *b.Expect)
	case len(j.Accepted()) > 0:
		j.Result = Presumed
	default:
		j.Result = Safe
	}
	return j
}

type process struct {
	host, boot string
	pid        int
}

// readable returns [Unknown] or [Superseded] with the reason if j says nothing about the write of b.
func (j Judgment) readable(b Barrier) (Safety, string) {
	d := j.Document
	switch {
	case j.Err != nil:
		return Unknown, j.Err.Error()
	case d == nil:
		return Unknown, "the store has no document"
	case j.Time.IsZero():
		return Unknown, "the store did not say what time it is"
	case d.HandEdited():
		return Unknown, "the document was edited by hand, and instances report no such edit; the next write of a command ends this"
	case b.Mark == (period.Mark{}):
	case d.StoreID != b.Mark.StoreID:
		return Unknown, "the store holds another document than the one that was written"
	case d.Revision < b.Mark.Revision, d.Revision == b.Mark.Revision && d.WriteID != b.Mark.WriteID:
		return Unknown, fmt.Sprintf("the store has lost the write: it holds revision %d, not %d of this write", d.Revision, b.Mark.Revision)
	}
	for _, id := range j.Periods {
		p, ok := d.Find(id)
		written := id == b.Period.ID && b.Mark != (period.Mark{})
		switch {
		case !ok || !p.InForce(j.Time):
			return Superseded, id + " is not in force any more"
		case written && b.Period.Bypass == period.Suspended && p.Bypass != period.Suspended:
			return Superseded, id + " now lets bypassed requests pass"
		case written && !p.End.IsZero() && (b.Period.End.IsZero() || p.End.Before(b.Period.End)):
			return Superseded, id + " now ends earlier than was written"
		}
	}
	return "", ""
}

// part returns the part of i, and why it is not [Done].
func (j Judgment) part(i Instance, b Barrier, judged bool) (Part, string) {
	switch {
	case i.Life == store.Gone, i.Life == store.Deleted && i.Note == period.NoteLeft:
		return Done, ""
	case i.Life == store.Deleted:
		return Accepted, "was forgotten"
	case i.Silent():
		return j.silent(i, b)
	case i.stale:
		return Holdout, "has sent a newer report than the one in the store"
	case j.IsDrained(i) && i.Revision >= b.Mark.Revision:
		if judged && i.Judged == 0 {
			return Accepted, "has never judged a request, while others have: is its gate in the path of requests?"
		}
		return Done, ""
	}
	return Holdout, j.holds(i, b)
}

// silent is part for an instance that is silent, or whose row has vanished.
func (j Judgment) silent(i Instance, b Barrier) (Part, string) {
	why := "is silent: dead or cut off, the store cannot tell"
	switch {
	case i.Vanished:
		why = "has vanished: its row is gone from the store without a trace"
	case i.Err != nil:
		why = "has a row that cannot be read"
	}
	if b.AcceptSilent > 0 && !i.Lease.IsZero() && !b.Read.IsZero() && !i.Lease.Add(b.AcceptSilent).After(b.Read) {
		return Accepted, "was silent before the write, and is accepted"
	}
	if limit := max(i.MaxStale, i.Patience); i.Err == nil && i.Policy == "refuse" && i.Override != "up" &&
		!i.Lease.IsZero() && !b.Confirmed.IsZero() && limit >= 0 && limit <= store.KeepRow.Seconds() {
		from := i.Lease
		if from.Before(b.Confirmed) {
			from = b.Confirmed
		}
		if at := from.Add(time.Duration(limit * float64(time.Second))); at.Before(j.Time) {
			return Accepted, "is silent, and refuses by its policy while it cannot read the store"
		}
		why += "; by its policy it refuses soon"
	}
	return Holdout, why
}

// holds says why a live instance has not drained.
func (j Judgment) holds(i Instance, b Barrier) string {
	d := j.Document
	switch {
	case i.Override == "up":
		return "serves: override up"
	case i.Problem != "":
		return "cannot read the document"
	case i.Regressed, i.Standing == Ahead, i.Standing == Different:
		return "has seen another document"
	case i.State == period.Starting:
		return "is starting"
	case i.Revision < max(b.Mark.Revision, d.CloseRev):
		return fmt.Sprintf("has read revision %d, not %d", i.Revision, max(b.Mark.Revision, d.CloseRev))
	case i.Serves():
		return "serves"
	}
	return "refuses, and has not drained"
}

// sooner returns the earlier of two instants. Zero means never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
