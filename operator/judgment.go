package operator

import (
	"time"

	"github.com/go-downtime/downtime/period"
)

// Safety says whether it is safe to change the data that requests use.
type Safety string

// The results of a barrier.
const (
	// Safe means that every live instance refuses, and that every request that it admitted before
	// has ended.
	Safe Safety = "safe"
	// Presumed means the same for all instances but those that are [Accepted].
	Presumed Safety = "presumed"
	// NotDrained means that at least one instance is a [Holdout], that fewer instances than
	// expected have drained, or that the set of rows may be incomplete.
	NotDrained Safety = "not-drained"
	// NoInstance means that no instance is live or silent.
	NoInstance Safety = "no-instance"
	// Superseded means that another write ended the period, or that the period now refuses less
	// than was written.
	Superseded Safety = "superseded"
	// Unknown means that the document could not be read, that it is another one, or that it was
	// edited by hand.
	Unknown Safety = "unknown"
)

// Judgment compares the fleet with the document, by one consistent read.
type Judgment struct {
	State

	// Err says why State has no Document. It is nil if State has one, and if nothing was
	// ever written.
	Err error
	// Since is when the set of rows was created, by the store's clock; zero if there is none.
	Since time.Time
	// Newest identifies the newest document that the store is known to have held, if Document does not
	// continue it: an older copy was put back, say. A gate that starts then refuses until an operator
	// reconciles the store. SeenBy is the instance that has seen it, as "host web1"; "" if the store
	// noted it. Newest is zero if nothing shows that the store went back.
	Newest period.Mark
	SeenBy string
	// Periods are the ids of the judged periods.
	Periods []string
	// Instances are all rows, and those of [Barrier].Seen that have vanished, ordered by host, pid
	// and id.
	Instances []Instance

	// Runs are the rows of runs and of followers, which are no instances.
	Runs []Instance

	// Result says whether the barrier is reached. "" if no period was given and none is in force.
	Result Safety
	// Why gives the reason for the result, if it is not that of an instance; else "".
	Why string
	// Until is when the first of the judged periods ends by itself, by the store's clock. The result
	// holds until then. Zero means that none has an end.
	Until time.Time
}
