package operator

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

// Code is the kind of a [Fault], for programs. The values are stable.
type Code string

// The codes.
const (
	CodeInvalid          Code = "invalid"             // the options have faults, see Fault.Fields
	CodeNotFound         Code = "not-found"           // no period has this id, or the store keeps no rows
	CodeStale            Code = "stale"               // another write came first
	CodeInForce          Code = "in-force"            // the period is in force: end it instead
	CodeNotInForce       Code = "not-in-force"        // the period is not in force: cancel it instead
	CodeNothingToEnd     Code = "nothing-to-end"      // no such period is in force
	CodeSeveral          Code = "several"             // it is not clear which of several periods is meant
	CodeLive             Code = "live"                // the instance is live, and cannot be forgotten
	CodeInitialized      Code = "initialized"         // the store has a document already
	CodeNothingWritten   Code = "nothing-written"     // there is no document yet
	CodeReadOnly         Code = "read-only"           // this process cannot write to the store
	CodeFull             Code = "document-full"       // the document would be too large
	CodeNotReadableByAll Code = "not-readable-by-all" // a live instance cannot read the change
	CodeUnconfirmed      Code = "unconfirmed"         // it is not known whether it was written
	CodeLost             Code = "store-lost"          // the store lost its document
	CodeUnreadable       Code = "unreadable"          // the document cannot be decoded
	CodeUnavailable      Code = "store-unavailable"   // the store cannot be read or written
	CodeInternal         Code = "internal"            // anything else
)

// Fault explains an error of an [Operator] to people and programs.
type Fault struct {
	Code Code
	// Unknown is true if it is not known whether something was written. False means that
	// nothing was written.
	Unknown bool
	// Text says what happened and what to do, in whole sentences. It holds no text of the store,
	// because clients of an API must not see that text.
	Text string
	// Fields are the faults of the options, if Code is [CodeInvalid].
	Fields []*period.FieldError
}

// sentences holds for each error a text that says what happened and what to do. The first match
// counts.
var sentences = []struct {
	err  error
	code Code
	text string
}{
	{store.ErrUnconfirmed, CodeUnconfirmed, "The write is not confirmed: it may have taken place or not. Look at the state before you do it again."},
	{ErrNotReadableByAll, CodeNotReadableByAll, "Nothing was changed: a live instance cannot read this change. Upgrade that instance first."},
	{store.ErrTooLarge, CodeFull, "Nothing was changed: the document would be too large. Remove periods that have ended."},
	{store.ErrReadOnly, CodeReadOnly, "Nothing was changed: this process cannot write to the store."},
	{store.ErrConflict, CodeStale, "Nothing was changed: another write came first. Look at the current state, then decide again."},
	{store.ErrLost, CodeLost, "Nothing was changed: the store has lost its document. Instances keep their last state."},
	{store.ErrTampered, CodeUnavailable, "Nothing was changed: the document in the store was changed by other means. Instances keep their last state."},
	{period.ErrNewer, CodeUnreadable, "Nothing was changed: a newer version of downtime wrote the document. Upgrade this program."},
	{ErrUnreadable, CodeUnreadable, "Nothing was changed: the document in the store cannot be read. Instances keep their last state."},
	{ErrNotFound, CodeNotFound, "No period has this id."},
	{ErrNoRows, CodeNotFound, "This store keeps no rows of instances."},
	{ErrInForce, CodeInForce, "Nothing was changed: the period is in force. End it instead."},
	{ErrNotInForce, CodeNotInForce, "Nothing was changed: the period is not in force. Delete it, or leave it."},
	{ErrNothingToEnd, CodeNothingToEnd, "Nothing was changed: no such period is in force."},
	{ErrSeveral, CodeSeveral, "Nothing was changed: the holder has several deployments in force. End one by its id."},
	{ErrNoInstance, CodeNotFound, "No instance has this id."},
	{ErrLive, CodeLive, "Nothing was changed: the instance is live. Only a silent one can be forgotten."},
	{ErrFollowed, CodeLive, "Nothing was changed: another process follows under this name. Stop it first."},
	{ErrInitialized, CodeInitialized, "Nothing was changed: the store is already initialized."},
	{ErrNothingWritten, CodeNothingWritten, "Nothing was changed: the store has no document yet."},
	{context.Canceled, CodeUnavailable, "Nothing was changed: the store did not answer in time."},
	{context.DeadlineExceeded, CodeUnavailable, "Nothing was changed: the store did not answer in time."},
}

// Explain turns a non-nil error of an [Operator] into sentences. Page, API and command all use
// it.
func Explain(err error) Fault {
	_, ofStore := errors.AsType[*StoreError](err)
	for _, s := range sentences {
		// Other errors inside a StoreError are about the store and not about the request.
		if errors.Is(err, s.err) && (!ofStore || s.code == CodeUnconfirmed || s.code == CodeUnavailable) {
			return Fault{Code: s.code, Unknown: s.code == CodeUnconfirmed, Text: s.text}
		}
	}
	if ofStore {
		return Fault{Code: CodeUnavailable, Text: "Nothing was changed: the store cannot be read or written."}
	}
	if fields := fieldErrors(err); len(fields) > 0 {
		text := fmt.Sprintf("Nothing was changed: %s: %s.", fields[0].Field, fields[0].Problem)
		return Fault{Code: CodeInvalid, Text: text, Fields: fields}
	}
	return Fault{Code: CodeInternal, Text: "An unexpected error occurred.", Unknown: true}
}

// fieldErrors are the field errors in a tree of errors, in their order.
func fieldErrors(err error) []*period.FieldError {
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case *period.FieldError:
		return []*period.FieldError{e}
	case interface{ Unwrap() []error }:
		var fields []*period.FieldError
		for _, err := range e.Unwrap() {
			fields = append(fields, fieldErrors(err)...)
		}
		return fields
	case interface{ Unwrap() error }:
		return fieldErrors(e.Unwrap())
	}
	return nil
}
