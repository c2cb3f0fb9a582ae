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

// Predicate decides whether a request may pass while the site is down. It has a name, which
// appears in [Decision].Rule, and a check. It is an immutable value and safe for concurrent use.
// The zero Predicate is invalid.
//
// The constructors of Predicate return no error. [New] reports invalid arguments with their place
// in the Config, for example "Bypass[1].All[0]". A Predicate with invalid arguments lets no
// request pass.
//
// A gate asks its predicates only about requests that it would refuse. It asks them in their
// order until one says yes. A panic means no. A context that is done before the call or at its
// end also means no. There is no Not predicate: a check that fails inside a Not would let every
// request pass.
//
// [Config].PredicateTimeout limits one call of a function of the application. The context of the
// call has the deadline. The call runs on the request's goroutine, so a function that ignores the
// deadline delays its own request. While 16 calls of one function run beyond the deadline, the
// gate does not call that function, and the answer is no. [Status].LateCalls counts such calls,
// and the log names the predicate, at most once in 10 minutes.
type Predicate struct { //nolint:recvcheck // asked by pointer: a copy costs with every refused request
	name string
	// If a is nil, check calls the functions of the application without a time limit.
	check  func(ctx context.Context, r *http.Request, a *asker) bool
	faults faults
	// hide removes the key from a request that has one in its query, and reports whether it did.
	// Nil if there is nothing to remove.
	hide func(r *http.Request) bool
	// via returns the name of the key by which a request passes; "" if it has none. Nil if no key
	// has a name.
	via     func(r *http.Request) string
	watches []*watch // of the functions of the application
}

// Func returns a predicate that answers as f does. name must not be blank.
//
// f runs on the request's goroutine, concurrently with itself. Its ctx holds the request's
// context and also the values that earlier handlers stored in the framework's own way. Use ctx
// instead of r.Context(), and do not keep it after the return. f must not read the request's
// body, and must not parse its forms, because that reads the body.
//
// The client controls the content of the request. A header, an address in a header or a cookie
// proves nothing unless f verifies it; see [APIKeyHeader] and [ClientAddr].
func Func(name string, f func(ctx context.Context, r *http.Request) bool) Predicate {
	var bad faults
	bad.name(name)
	bad.unless(f != nil, ".Func", nil, "is nil; want the function that decides")
	w := newWatch(name)
	return Predicate{name: name, faults: bad, watches: []*watch{w}, check: func(ctx context.Context, r *http.Request, a *asker) bool {
		return w.ask(ctx, a, func(ctx context.Context) bool { return f(ctx, r) })
	}}
}

// ContextValue returns a predicate that calls ok with the value under key. An earlier handler,
// for example the authentication, stores the value: with c.Set in gin and echo, with
// context.WithValue elsewhere. A string key works in every framework. name must not be blank.
//
// It says no without a call of ok if there is no such value, if the value is not a T, or if it is
// nil. The gate logs a warning, once, if it finds a value that is not a T. The handler that stores the value must run before the gate.
func ContextValue[T any](name string, key any, ok func(T) bool) Predicate {
	var bad faults
	bad.name(name)
	if key == nil {
		bad.add(".Key", nil, "is nil; want the key that the value is stored under")
	} else if !reflect.ValueOf(key).Comparable() {
		bad.add(".Key", fmt.Sprintf("%T", key), "cannot be compared, so nothing is ever found under it")
	}
	bad.unless(ok != nil, ".OK", nil, "is nil; want the function that decides about the value")
	w := newWatch(name)
	if of, native := key.(interface{ Framework() string }); native { // a key of an adapter
		w.framework = of.Framework()
	}
	return Predicate{name: name, faults: bad, watches: []*watch{w}, check: func(ctx context.Context, _ *http.Request, a *asker) bool {
		v, found := Value[T](ctx, key)
		if !found {
			w.warnOfType(a, reflect.TypeFor[T](), ctx.Value(key))
			return false
		}
		return w.ask(ctx, a, func(context.Context) bool { return ok(v) })
	}}
}

// Value returns the value of ctx under key, and true, if it is a T and not nil. Otherwise it
// returns the zero T and false. A nil pointer, map, slice, function or channel inside an
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

// Any returns a predicate that says yes if one of ps does. It asks them in order until one says
// yes. A panic ends the evaluation, and the answer is no. ps must not be empty, and name must not
// be blank.
func Any(name string, ps ...Predicate) Predicate {
	return group(name, ".Any", ps, true)
}

// All returns a predicate that says yes if every one of ps does. It asks them in order until one
// says no. ps must not be empty, and name must not be blank.
func All(name string, ps ...Predicate) Predicate {
	return group(name, ".All", ps, false)
}

// group is Any (one yes is enough) or All (one no is enough).
func group(name, field string, ps []Predicate, enough bool) Predicate {
	members := slices.Clone(ps)
	var bad faults
	bad.name(name)
	bad.unless(len(members) > 0, field, nil, "is empty; want at least one predicate")
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
	via := func(r *http.Request) string {
		for i := range members {
			if name := members[i].key(r); name != "" {
				return name
			}
		}
		return ""
	}
	return Predicate{name: name, faults: bad, watches: watches, check: check, hide: hide, via: via}
}

// Name returns the name that p was made with, or the name that its constructor chose.
func (p Predicate) Name() string { return p.name }

// key returns the name of the key by which r passes; "" if it has none.
func (p *Predicate) key(r *http.Request) string {
	if p.via == nil {
		return ""
	}
	return p.via(r)
}

// String returns the name.
func (p Predicate) String() string { return p.name }

// GoString returns the name in Go syntax. It does not show keys or other values that p compares
// with.
func (p Predicate) GoString() string { return fmt.Sprintf("core.Predicate(%q)", p.name) }

// Validate returns the faults of p, joined, each a [*FieldError] whose field begins with
// "Predicate"; nil if p is valid. [New] makes the same check of Config.Bypass. Validate is for
// code that uses a predicate without a gate.
func (p Predicate) Validate() error { return p.fault("Predicate") }

// Allows asks p about r, as a gate does, but ctx has the only deadline. It returns false if p is
// invalid, if p panics, and if ctx is done before the call or at its end. p reads the values of
// earlier handlers from ctx. r must not be nil. Allows is safe for concurrent use.
func (p Predicate) Allows(ctx context.Context, r *http.Request) bool {
	yes, _ := p.allows(ctx, r, nil)
	return yes
}

// fault returns the faults of p, joined, each a [*FieldError] whose field begins with field; nil
// if p is valid.
func (p Predicate) fault(field string) error {
	faults := p.allFaults()
	return faults.under(field)
}

func (p Predicate) allFaults() faults {
	if p.check == nil && len(p.faults) == 0 {
		return faults{{Problem: "is the zero Predicate; make one with Func, ContextValue, APIKeyHeader, …"}}
	}
	return p.faults
}

// allows asks p. It recovers a panic, which means no; panicked is the panic's value, or nil. A
// ctx that is done before or after the call means no.
func (p *Predicate) allows(ctx context.Context, r *http.Request, a *asker) (yes bool, panicked any) {
	defer func() {
		if v := recover(); v != nil {
			yes, panicked = false, v
		}
	}()
	return ctx.Err() == nil && p.ask(ctx, r, a) && ctx.Err() == nil, nil
}

// ask returns the answer of p. It may panic.
func (p *Predicate) ask(ctx context.Context, r *http.Request, a *asker) bool {
	return p.check != nil && len(p.faults) == 0 && p.check(ctx, r, a)
}

// faults are the faults of a Config or of a predicate. Each Field of a predicate is relative to it: ""
// or, for example, ".Keys[0]". A Value is never a secret.
type faults []FieldError

func (f *faults) add(field string, value any, problem string) {
	*f = append(*f, FieldError{Field: field, Value: value, Problem: problem})
}

// unless adds a fault if ok is false.
func (f *faults) unless(ok bool, field string, value any, problem string) {
	if !ok {
		f.add(field, value, problem)
	}
}

// under returns the faults, joined, each a [*FieldError] whose field begins with place; nil if there
// are none.
func (f *faults) under(place string) error {
	var errs []error
	for _, fault := range *f {
		errs = append(errs, &FieldError{Field: place + fault.Field, Value: fault.Value, Problem: fault.Problem})
	}
	return errors.Join(errs...)
}

// name checks the name of a predicate.
func (f *faults) name(name string) { f.nameAt(".Name", name) }

// nameAt checks a name that logs and status show.
func (f *faults) nameAt(field, name string) {
	switch {
	case strings.TrimSpace(name) == "":
		f.add(field, name, "is blank; want a name for logs and status")
	case len(name) > period.MaxNameLen:
		f.add(field, fmt.Sprintf("%d bytes", len(name)), fmt.Sprintf("want at most %d bytes", period.MaxNameLen))
	case !utf8.ValidString(name), strings.ContainsFunc(name, unicode.IsControl):
		f.add(field, name, "want UTF-8 without control characters")
	}
}
