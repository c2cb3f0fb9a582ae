package operator

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/period"
)

// disagrees returns the disagreement of i with the document; "" if there is none, and for
// instances that are not live or are leaving.
func (j Judgment) disagrees(i Instance) Disagreement {
	down := j.Verdict().Down
	switch {
	case j.Err != nil, !i.Live(), i.State == period.Leaving, down == i.Refuses():
		return ""
	case i.Override != "":
		return ByOverride
	case i.Problem != "", i.Cause == "store-lost":
		return ByStore
	case i.Regressed, i.Standing == Ahead, i.Standing == Different:
		return ByRegression
	case i.State == period.Starting:
		return ByStart
	}
	return ByDelay
}

// outdated reports whether i refused because of a window, and reported that before the present
// downtime began. Deployments depend on no clock: for these the revision of i shows it.
func (j Judgment) outdated(i Instance) bool {
	v := j.Verdict()
	return v.Down && i.Refuses() && i.State == period.Closed && i.Cause == "period" && i.Override == "" && !i.Regressed &&
		i.Seen.Before(v.Since) && !slices.ContainsFunc(j.InForce(), func(p period.Period) bool { return p.Kind == period.Deployment })
}

// Disagreement names in a few words the live instances that differ from the document:
// "1 of 2 instances serves: host web1 (override up)". "" means that no live instance differs.
func (j Judgment) Disagreement() string {
	instances := j.Which(func(i Instance) bool { return i.Disagrees != "" })
	if len(instances) == 0 {
		return ""
	}
	live, onHost := 0, map[string]int{}
	for _, i := range j.Instances {
		if i.Live() {
			live++
			onHost[i.Host]++
		}
	}
	verb := "refuse"
	if j.Verdict().Down {
		verb = "serve"
	}
	if len(instances) == 1 {
		verb += "s"
	}
	const most = 3
	var names []string
	for _, i := range instances[:min(len(instances), most)] {
		name := "host " + i.Host
		if onHost[i.Host] > 1 {
			name += fmt.Sprintf(" process %d", i.PID)
		}
		names = append(names, name+" ("+j.why(i)+")")
	}
	if more := len(instances) - most; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	noun := "instances"
	if live == 1 {
		noun = "instance"
	}
	return fmt.Sprintf("%d of %d %s %s: %s", len(instances), live, noun, verb, strings.Join(names, ", "))
}

// Settled returns j without the disagreements of instances that have not adopted the last write
// yet, for an answer that follows a write at once.
func (j Judgment) Settled() Judgment {
	j.Instances = slices.Clone(j.Instances)
	for n, i := range j.Instances {
		if i.Disagrees == ByDelay || i.Disagrees == ByStart {
			j.Instances[n].Disagrees = ""
		}
	}
	return j
}

// why is the disagreement of i in a few words.
func (j Judgment) why(i Instance) string {
	switch i.Disagrees {
	case ByOverride:
		return "override " + i.Override
	case ByStore:
		return "cannot read the store"
	case ByRegression:
		return "has seen another document"
	case ByStart:
		return "is starting"
	}
	if i.Revision < j.Document.Mark().Revision {
		return fmt.Sprintf("has read revision %d, not %d", i.Revision, j.Document.Revision)
	}
	if age := j.Time.Sub(i.Seen); age >= time.Second {
		return "has not reported the change yet, last report " + age.Truncate(time.Second).String() + " ago"
	}
	return "has not reported the change yet"
}
