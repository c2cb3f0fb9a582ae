package period

import (
	"fmt"
	"time"
)

// Member is one member of the JSON object that [DecodeObject] reads.
type Member struct {
	// Name is the name of the member, in lower case.
	Name string
	// Into receives the value. It is a *string, *bool, *int64 or *time.Time, or a pointer to one
	// of these pointers, which is then set to a new value. A *Reasons receives an object of texts by
	// language, and so does a *map[string]string, in which "" stands for null. Into stays unchanged
	// if the member is absent.
	Into any
	// Required makes it an error if the member is absent.
	Required bool
	// Nullable makes null the zero value of Into. Otherwise null is an error.
	Nullable bool
}

// DecodeObject reads a JSON object of known members, at most 32, as strictly as [Decode] reads a
// document. These are errors: a member that is unknown, given twice or in another case; a
// required member that is absent; a value of another kind; invalid UTF-8; a number that is not
// whole; an instant without its offset; and text after the object. errors.As finds the
// [*FieldError]. A fault of the object itself has the field "body". After an error, the values
// behind Into are not valid.
//
// Instants are in UTC and whole microseconds. DecodeObject keeps no reference to b. It panics
// if Into of a member has another type.
func DecodeObject(b []byte, members ...Member) error {
	r := &jsonReader{b: b, subject: "body"}
	if err := r.object(members); err != nil {
		return err
	}
	return r.end()
}

// into reads the value at the cursor, or sets the zero value for null. A func() error reads the
// value itself. Nil stands for a value that this version does not implement.
func (r *jsonReader) into(into any, null bool) error {
	switch into := into.(type) {
	case nil:
		return fmt.Errorf("%w: %w", ErrNewer, r.fail(r.pos, nil, "this version does not implement this member"))
	case func() error:
		return into()
	case *Kind:
		return read((*string)(into), r.str, null)
	case *[]string:
		return read(into, r.strs, null)
	case *string, **string:
		return read(into, r.str, null)
	case *bool, **bool:
		return read(into, r.flag, null)
	case *int64, **int64:
		return read(into, r.integer, null)
	case *time.Time, **time.Time:
		return read(into, r.instant, null)
	case *Reasons:
		return read(into, r.reasons, null)
	case *map[string]string:
		return read(into, r.textsOrNull, null)
	}
	panic(fmt.Sprintf("period.DecodeObject: a member goes into a %T", into))
}

// read reads the value into a *T, or into a new T behind a **T.
func read[T any](into any, value func() (T, error), null bool) (err error) {
	target, ok := into.(*T)
	if !ok {
		target = new(T)
		*into.(**T) = target //nolint:forcetypeassert // the caller passes nothing else
	}
	if null {
		*target = *new(T)
		return nil
	}
	*target, err = value()
	return err
}
