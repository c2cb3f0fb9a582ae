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

// followerMembers are the members of a follower in JSON, which are read into f.
func (r *jsonReader) followerMembers(f *Follower) []Member {
	return []Member{
		{Name: "name", Into: &f.Name, Required: true},
		{Name: "holder", Into: &f.Holder},
		{Name: "revision", Into: &f.Revision, Required: true},
		{Name: "at", Into: &f.At, Required: true},
		{Name: "told", Into: func() error {
			return r.array(func() error {
				key, err := r.str()
				f.Told = append(f.Told, key)
				return err
			})
		}},
	}
}

// NameFault returns the fault of the name of a follower; nil if the name is valid.
func NameFault(name string) error {
	if problem := idProblem(name); problem != "" {
		return &FieldError{Field: "name", Value: name, Problem: problem}
	}
	return nil
}

// followerFaults returns every fault of the followers, each a [*FieldError].
func followerFaults(followers []Follower) []error {
	if len(followers) > MaxFollowers {
		return []error{&FieldError{Field: "followers", Value: len(followers), Problem: fmt.Sprintf("want at most %d", MaxFollowers)}}
	}
	var errs []error
	for i, f := range followers {
		fault := func(field string, value any, problem string) {
			errs = append(errs, &FieldError{Field: fmt.Sprintf("followers[%d].%s", i, field), Value: value, Problem: problem})
		}
		if problem := idProblem(f.Name); problem != "" {
			fault("name", f.Name, problem)
		}
		if slices.ContainsFunc(followers[:i], func(other Follower) bool { return other.Name == f.Name }) {
			fault("name", f.Name, "is the name of another follower too")
		}
		if problem := idProblem(f.Holder); f.Holder != "" && problem != "" {
			fault("holder", f.Holder, problem)
		}
		if f.Revision < 0 {
			fault("revision", f.Revision, "want 0 or more")
		}
		if y := f.At.UTC().Year(); y < MinYear || y > MaxYear {
			fault("at", f.At.UTC().Format(time.RFC3339), fmt.Sprintf("want a year from %d to %d", MinYear, MaxYear))
		}
		if len(f.Told) > MaxTold {
			fault("told", len(f.Told), fmt.Sprintf("want at most %d keys", MaxTold))
		}
		for _, key := range f.Told {
			if key == "" || len(key) > MaxToldLen {
				fault("told", key, fmt.Sprintf("want keys of 1 to %d bytes", MaxToldLen))
				break
			}
		}
	}
	return errs
}
