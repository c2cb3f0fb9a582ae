// Package core decides whether a web application is down for a request.
//
// A [Gate] holds the decision. It reads [Period]s of downtime from a [Store], and
// answers for each request whether it is open, exempt (by path), bypassed (by a
// [Predicate]) or blocked:
//
//	gate, err := core.New(core.Config{
//		Store:       store,                       // periods live here; a file, a database
//		ExemptExact: []string{"/healthz"},        // this path, nothing below it
//		ExemptPaths: []string{"/static"},         // this path and everything below it
//		Bypass:      []core.Predicate{superuser}, // who may pass while the site is down
//	})
//	if err != nil {
//		return err // every fault of the Config, each with its field and value
//	}
//	http.ListenAndServe(addr, gate.Handler(router))
//
// The adapters under adapters/ turn a Gate into native middleware for gin, echo and
// chi. [Gate.Handler] is the same for net/http, and, around a finished router, the
// form that sees every request, whatever the router answers by itself.
//
// A request meets one atomic pointer and one counter while the site is up: no store,
// no lock, no clock, no allocation. Stores are read in the background.
//
// Tests of an application need no file, no command and no waiting: see [how to test], and
// [how to test middleware] beside the gate.
//
// One principle settles doubts: nothing opens by itself what somebody closed on
// purpose, and nothing says "safe" that was not observed.
//
// The package imports the standard library only.
//
// [how to test]: https://pkg.go.dev/github.com/go-downtime/downtime/core#example-package-Testing
// [how to test middleware]: https://pkg.go.dev/github.com/go-downtime/downtime/store/memstore#example-package-Middleware
package core
