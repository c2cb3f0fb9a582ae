package period

import (
	"encoding/json"
	"maps"
	"slices"
)

// Reads lists the members that this version implements: those of a document by name, those
// of a period as "periods.end". An instance reports the list, see [Row.Reads].
func Reads() []string {
	reads := implemented("", (&jsonReader{}).documentMembers(&Document{}, nil))
	return append(reads, implemented("periods.", periodMembers(&Period{}))...)
}

func implemented(prefix string, members []Member) []string {
	var names []string
	for _, m := range members {
		if m.Into != nil {
			names = append(names, prefix+m.Name)
		}
	}
	return names
}

// Uses lists the members that d has in JSON, sorted, named as in [Reads].
func (d *Document) Uses() []string {
	uses := map[string]bool{}
	if !d.Log.IsZero() {
		uses["log"] = true
	}
	var members map[string]json.RawMessage
	var periods []map[string]json.RawMessage
	// An instant that JSON cannot hold makes these fail. Encode refuses such a document.
	b, _ := json.Marshal(d)
	_ = json.Unmarshal(b, &members)
	_ = json.Unmarshal(members["periods"], &periods)
	for name := range members {
		uses[name] = true
	}
	for _, p := range periods {
		for name := range p {
			uses["periods."+name] = true
		}
	}
	return slices.Sorted(maps.Keys(uses))
}
