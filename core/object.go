package core

import (
	"fmt"
	"time"
)

// Member is one member of the JSON object that [DecodeObject] reads.
type Member struct {
	// Name as it stands in the object, in lower case.
	Name string
	// Into takes the value: a *string, *bool, *int64 or *time.Time, which stays as it is
	// where the member is absent; or a pointer to one of these pointers, which is then set to
	// a new value, and else stays nil.
	Into any
	// Required: it is an error if the member is absent.
	Required bool
	// Nullable: null is taken as the zero value of Into. Else null is an error.
	Nullable bool
}

// DecodeObject reads a JSON object of known members, at most 32, as strictly as
// [DecodeDocument] reads a document: a member that is unknown, given twice or in another
// case, a value of another kind, invalid UTF-8, a number that is not whole, an instant
// without its offset, anything behind the object, and an absent member that is required are
// errors, and errors.As finds the [*FieldError]. What is wrong with the object itself has
// the field "body". After an error, what Into points to is not to be used.
//
// Required members come first in members. Instants are in UTC and whole microseconds. It
// keeps nothing of b, and panics if a member's Into is of another type.
func DecodeObject(b []byte, members ...Member) error {
	r := &jsonReader{b: b, index: -1, subject: "body"}
	names := make([]string, len(members))
	required := 0
	for i, m := range members {
		names[i] = m.Name
		if m.Required {
			required = i + 1
		}
	}
	err := r.object(names, required, func(i int) error {
		if members[i].Nullable && r.null() {
			zero(members[i].Into)
			return nil
		}
		return r.into(members[i].Into)
	})
	if err != nil {
		return err
	}
	return r.end()
}

// into reads the value at the cursor into what Into of a [Member] points to.
func (r *jsonReader) into(into any) error {
	switch into := into.(type) {
	case *string:
		return read(into, r.str)
	case *bool:
		return read(into, r.flag)
	case *int64:
		return read(into, r.integer)
	case *time.Time:
		return read(into, r.instant)
	case **string:
		*into = new(string)
		return read(*into, r.str)
	case **bool:
		*into = new(bool)
		return read(*into, r.flag)
	case **int64:
		*into = new(int64)
		return read(*into, r.integer)
	case **time.Time:
		*into = new(time.Time)
		return read(*into, r.instant)
	}
	panic(fmt.Sprintf("core.DecodeObject: a member goes into a %T", into))
}

func read[T any](into *T, value func() (T, error)) (err error) {
	*into, err = value()
	return err
}

// zero is null for what Into of a [Member] points to.
func zero(into any) {
	switch into := into.(type) {
	case *string:
		*into = ""
	case *bool:
		*into = false
	case *int64:
		*into = 0
	case *time.Time:
		*into = time.Time{}
	case **string:
		*into = new(string)
	case **bool:
		*into = new(bool)
	case **int64:
		*into = new(int64)
	case **time.Time:
		*into = new(time.Time)
	default:
		panic(fmt.Sprintf("core.DecodeObject: a member goes into a %T", into))
	}
}
