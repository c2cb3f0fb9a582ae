package period

import (
	"reflect"
	"slices"
	"strings"
)

// periodMembers are the members of a period in JSON, which are read into p. A member without Into
// belongs to format 1, and this version does not implement it.
func periodMembers(p *Period) []Member {
	return append(membersOf(p, "id", "kind", "start", "enabled"), Member{Name: "scope"}, Member{Name: "mode"})
}

// membersOf returns the members of the struct behind v, with the names that package json gives them.
func membersOf(v any, required ...string) (members []Member) {
	for field, value := range reflect.ValueOf(v).Elem().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		members = append(members, Member{Name: name, Into: value.Addr().Interface(), Required: slices.Contains(required, name)})
	}
	return members
}
