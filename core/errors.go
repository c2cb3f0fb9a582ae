package core

import (
	"errors"

	"github.com/go-downtime/downtime/period"
)

// ErrShutdown means that the gate was shut down and no longer reads its store.
var ErrShutdown = errors.New("the gate was shut down")

// errFormat marks a document that this version cannot read.
var errFormat = errors.New("the document cannot be read")

// FieldError is one fault of one field of a [Config]. errors.As finds it in the joined error
// of New.
type FieldError = period.FieldError
