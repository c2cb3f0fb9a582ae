package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-downtime/downtime/period"
)

// Predicate decides whether a request may pass while the site is down: a name, which
// stands in [Decision].Rule, and a check. It is a plain value, immutable and safe for
// concurrent use. The zero Predicate is invalid.
//
// The functions that make one never fail; [New] reports what was wrong, with the place
// in the Config, for example "Bypass[1].All[0]". A Predicate that was made wrongly never
// lets anybody pass.
//
// Predicates are asked only about requests that would be refused, in their order, until
// one says yes. One that panics says no, and so does one whose context is done: before,
// or by the time it answers. There is no Not: a check that fails inside of it would let
// everybody pass.
//
// A function of the application has [Config].PredicateTimeout for one call. The deadline is in
// its context. The call runs on the request's goroutine, so a function that ignores the deadline
// holds its own request. While 16 calls of one function run beyond the deadline, that function is
// not called, and says no. [Status].LateCalls counts them, and the log names the function once.
type Predicate struct { //nolint:recvcheck // asked by pointer: a copy costs with every refused request
	name string
	// check asks the functions of the application without a limit if a is nil.
	check  func(ctx context.Context, r *http.Request, a *asker) bool
	faults faults
	// hide takes the key out of a request that has one in its query, and reports whether it
	// did. Nil for none.
	hide    func(r *http.Request) bool
	watches []*watch // of the functions of the application
}

// Func is the predicate that a function of yours decides. name must not be blank.
//
// f runs on the request's goroutine, concurrently with itself. Its ctx holds what
// earlier handlers stored in the framework's own way as well as the request's context:
// use it instead of r.Context(), and do not keep it after the return. f must not read
// the request's body, nor its forms, which would.
//
// What f sees was written by a visitor. A header, an address in a header or a cookie
// proves nothing unless f checks it; see [APIKeyHeader] and [ClientAddr].
func Func(name string, f func(ctx context.Context, r *http.Request) bool) Predicate {
	var bad faults
	bad.name(name)
	if f == nil {
		bad.add(".Func", nil, "is nil; want the function that decides")
	}
	w := newWatch(name)
	return Predicate{name: name, faults: bad, watches: []*watch{w}, check: func(ctx context.Context, r *http.Request, a *asker) bool {
		if a == nil {
			return f(ctx, r)
		}
		return w.ask(ctx, a, func(ctx context.Context) bool { return f(ctx, r) })
	}}
}

// ContextValue is the predicate that asks ok about the value which an earlier handler,
// the authentication say, stored under key: by c.Set in gin and echo, by
// context.WithValue elsewhere. A string key works everywhere. name must not be blank.
//
// It says no, without asking ok, if there is no such value, if the value is not a T, and
// if it is nil. The handler that stores the value goes before the gate.
func ContextValue[T any](name string, key any, ok func(T) bool) Predicate {
	var bad faults
	bad.name(name)
	if key == nil {
		bad.add(".Key", nil, "is nil; want the key that the value is stored under")
	} else if !reflect.ValueOf(key).Comparable() {
		bad.add(".Key", fmt.Sprintf("%T", key), "cannot be compared, so nothing is ever found under it")
	}
	if ok == nil {
		bad.add(".OK", nil, "is nil; want the function that decides about the value")
	}
	w := newWatch(name)
	return Predicate{name: name, faults: bad, watches: []*watch{w}, check: func(ctx context.Context, _ *http.Request, a *asker) bool {
		v, found := Value[T](ctx, key)
		if !found || a == nil {
			return found && ok(v)
		}
		return w.ask(ctx, a, func(context.Context) bool { return ok(v) })
	}}
}

// Value returns what ctx holds under key, and true, if that is a T and not nil; else the
// zero T and false. A nil pointer, map, slice, function or channel inside of an
// interface counts as nil.
func Value[T any](ctx context.Context, key any) (T, bool) {
	var none T
	if ctx == nil || key == nil {
		return none, false
	}
	v, ok := ctx.Value(key).(T)
	if !ok {
		return none, false
	}
	switch rv := reflect.ValueOf(v); rv.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		if rv.IsNil() {
			return none, false
		}
	default: // cannot be nil
	}
	return v, true
}

// Any is the predicate that says yes if one of ps does. They are asked in order until
// one says yes; one that panics on the way ends the question with no. ps must not be
// empty, name must not be blank.
func Any(name string, ps ...Predicate) Predicate {
	return group(name, ".Any", ps, true)
}

// All is the predicate that says yes if every one of ps does. They are asked in order
// until one says no. ps must not be empty, name must not be blank.
func All(name string, ps ...Predicate) Predicate {
	return group(name, ".All", ps, false)
}

// group is Any (one yes is enough) or All (one no is enough).
func group(name, field string, ps []Predicate, enough bool) Predicate {
	members := slices.Clone(ps)
	var bad faults
	bad.name(name)
	if len(members) == 0 {
		bad.add(field, nil, "is empty; want at least one predicate")
	}
	var watches []*watch
	for i, member := range members {
		at := fmt.Sprintf("%s[%d]", field, i)
		for _, f := range member.allFaults() {
			bad.add(at+f.Field, f.Value, f.Problem)
		}
		watches = append(watches, member.watches...)
	}
	check := func(ctx context.Context, r *http.Request, a *asker) bool {
		for i := range members {
			if members[i].ask(ctx, r, a) == enough {
				return enough
			}
		}
		return !enough
	}
	hide := func(r *http.Request) (hidden bool) {
		for i := range members {
			if members[i].hide != nil && members[i].hide(r) {
				hidden = true
			}
		}
		return hidden
	}
	return Predicate{name: name, faults: bad, watches: watches, check: check, hide: hide}
}

// Name is the name that p was made with, or that its maker gave it.
func (p Predicate) Name() string { return p.name }

// String is the name.
func (p Predicate) String() string { return p.name }

// GoString is the name, as Go syntax would have it; what p compares with is not shown.
func (p Predicate) GoString() string { return fmt.Sprintf("core.Predicate(%q)", p.name) }

// Validate returns what was wrong when p was made, joined, each a [*FieldError] whose field
// begins with "Predicate"; nil if p is fine. [New] says the same of Config.Bypass; Validate
// is for whoever asks a predicate without a gate.
func (p Predicate) Validate() error { return p.fault("Predicate") }

// Allows asks p about r, as a gate does, but with no other deadline than that of ctx: false for a
// p that was made wrongly, if it panics, and if ctx is done, before or by the time it answers. ctx
// is what p sees of what earlier handlers stored; r must not be nil. It is safe for concurrent
// use.
func (p Predicate) Allows(ctx context.Context, r *http.Request) bool {
	yes, _ := p.allows(ctx, r, nil)
	return yes
}

// fault returns what was wrong when p was made, joined, each a [*FieldError] whose field
// begins with field; nil if p is fine.
func (p Predicate) fault(field string) error {
	var errs []error
	for _, f := range p.allFaults() {
		errs = append(errs, &FieldError{Field: field + f.Field, Value: f.Value, Problem: f.Problem})
	}
	return errors.Join(errs...)
}

func (p Predicate) allFaults() faults {
	if p.check == nil && len(p.faults) == 0 {
		return faults{{Problem: "is the zero Predicate; make one with Func, ContextValue, APIKeyHeader, …"}}
	}
	return p.faults
}

// allows asks p. A panic is recovered, and means no; panicked is its value, nil if there
// was none. A ctx that is done, before or after, means no.
func (p *Predicate) allows(ctx context.Context, r *http.Request, a *asker) (yes bool, panicked any) {
	defer func() {
		if v := recover(); v != nil {
			yes, panicked = false, v
		}
	}()
	return ctx.Err() == nil && p.ask(ctx, r, a) && ctx.Err() == nil, nil
}

// ask is the answer itself; it may panic.
func (p *Predicate) ask(ctx context.Context, r *http.Request, a *asker) bool {
	return p.check != nil && len(p.faults) == 0 && p.check(ctx, r, a)
}

// faults is what was wrong when a predicate was made. A Field is relative to the
// predicate's own: "" or, say, ".Keys[0]". A Value is never a secret.
type faults []FieldError

func (f *faults) add(field string, value any, problem string) {
	*f = append(*f, FieldError{Field: field, Value: value, Problem: problem})
}

// name checks the name of a predicate.
func (f *faults) name(name string) {
	switch {
	case strings.TrimSpace(name) == "":
		f.add(".Name", name, "is blank; want a name for logs and status")
	case len(name) > period.MaxNameLen:
		f.add(".Name", fmt.Sprintf("%d bytes", len(name)), fmt.Sprintf("want at most %d bytes", period.MaxNameLen))
	case !utf8.ValidString(name), strings.ContainsFunc(name, unicode.IsControl):
		f.add(".Name", name, "want UTF-8 without control characters")
	}
}
