package period

import (
	"fmt"
	"slices"
	"time"
)

const (
	// MaxFollowers is the largest number of followers in a document.
	MaxFollowers = 16
	// MaxTold is the largest number of keys in [Follower.Told], and MaxToldLen the length of each.
	MaxTold, MaxToldLen = 256, 64
)

// Follower is the position of one follower: a process that delivers the events of a document to one
// receiver ("downtime events --follow"). Only one process at a time follows under a name.
type Follower struct {
	// Name is unique in its document. It has the form of [Period.ID].
	Name string `json:"name"`
	// Holder is the key of the row of the process that follows. Another process takes over if this
	// row is no longer live. "" means that no process follows.
	Holder string `json:"holder,omitzero"`
	// Revision and At are the position: the follower has delivered all events of this revision and
	// of earlier ones, and all events that the clock caused until At.
	Revision int64     `json:"revision"`
	At       time.Time `json:"at"`
	// Told are digests of events behind the position that it has delivered too.
	Told []string `json:"told,omitzero"`
}

// Follower returns the follower with this name. d may be nil.
func (d *Document) Follower(name string) (Follower, bool) {
	if d != nil {
		if i := slices.IndexFunc(d.Followers, func(f Follower) bool { return f.Name == name }); i >= 0 {
			return d.Followers[i], true
		}
	}
	return Follower{}, false
}

// NameFault returns the fault of the name of a follower; nil if the name is valid.
func NameFault(name string) error {
	var f faults
	f.id("name", name)
	return f.join()
}

// followers adds every fault of the followers.
func (f *faults) followers(followers []Follower) {
	if len(followers) > MaxFollowers {
		f.add("followers", len(followers), fmt.Sprintf("want at most %d", MaxFollowers))
		return
	}
	for i, x := range followers {
		f.path = fmt.Sprintf("followers[%d].", i)
		f.id("name", x.Name)
		twice := slices.ContainsFunc(followers[:i], func(other Follower) bool { return other.Name == x.Name })
		f.unless(!twice, "name", x.Name, "is the name of another follower too")
		f.optionalID("holder", x.Holder)
		f.unless(x.Revision >= 0, "revision", x.Revision, "want 0 or more")
		f.unless(!x.At.IsZero(), "at", "", "is missing")
		f.year("at", x.At)
		if len(x.Told) > MaxTold {
			f.add("told", len(x.Told), fmt.Sprintf("want at most %d keys", MaxTold))
		}
		if n := slices.IndexFunc(x.Told, func(key string) bool { return key == "" || len(key) > MaxToldLen }); n >= 0 {
			f.add("told", x.Told[n], fmt.Sprintf("want keys of 1 to %d bytes", MaxToldLen))
		}
	}
	f.path = ""
}
