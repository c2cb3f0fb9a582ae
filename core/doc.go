// Package core decides whether a web application is down for a request.
//
// A [Gate] makes the decision. It reads periods of downtime from a store. For each request the
// outcome is open, exempt (by path), bypassed (by a [Predicate]) or blocked:
//
//	gate, err := core.New(core.Config{
//		Store:       store,                       // periods live here; a file, a database
//		ExemptExact: []string{"/healthz"},        // this path, nothing below it
//		ExemptPaths: []string{"/static"},         // this path and everything below it
//		Bypass:      []core.Predicate{superuser}, // these may pass while the site is down
//	})
//	if err != nil {
//		return err // every fault of the Config, each with its field and value
//	}
//	http.ListenAndServe(addr, gate.Handler(router))
//
// The adapters under adapters/ turn a Gate into native middleware for gin, echo and chi.
// [Gate.Handler] is the same for net/http. Around a finished router it sees every request, also
// those that the router answers by itself.
//
// While the site is up, a request costs one load of an atomic pointer and one counter. It uses no
// store, no lock, no clock and no allocation. The gate reads the store in the background.
//
// An application's tests need no file, no command and no waiting: see [how to test]. A second example
// tests an application together with its other middleware: see [how to test middleware].
//
// Two rules decide doubtful cases. A site that an operator closed never reopens by itself. The
// software reports only what it has observed.
//
// The package imports only the standard library and this module.
//
// [how to test]: https://pkg.go.dev/github.com/go-downtime/downtime/core#example-package-Testing
// [how to test middleware]: https://pkg.go.dev/github.com/go-downtime/downtime/store/memstore#example-package-Middleware
package core
