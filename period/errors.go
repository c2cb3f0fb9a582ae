package period

import (
	"errors"
	"fmt"
)

// FieldError is one fault of one field: of a configuration, a [Period] or a [Document].
// errors.As finds it in the joined errors that the validators return.
type FieldError struct {
	Field   string // path of the field, for example "ExemptPaths[2]" or "periods[0].end"
	Value   any    // the invalid value; never a secret
	Problem string // the problem, and the value that is wanted
}

// Error says field, value and problem in one line.
func (e *FieldError) Error() string {
	if e.Value == nil || e.Value == "" {
		return fmt.Sprintf("%s: %s", e.Field, e.Problem)
	}
	if s, ok := e.Value.(string); ok {
		return fmt.Sprintf("%s: %q: %s", e.Field, s, e.Problem)
	}
	return fmt.Sprintf("%s: %v: %s", e.Field, e.Value, e.Problem)
}

// ErrNewer means that a document uses a format or a member that this version does not implement.
// A reader keeps its last state, and a writer does not change the document.
var ErrNewer = errors.New("the document needs a newer version of downtime; upgrade this program")
