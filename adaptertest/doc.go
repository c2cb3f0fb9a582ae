// Package adaptertest is the conformance suite for adapters. An adapter makes a [core.Gate] the native
// middleware of a web framework. Every adapter of this project passes the suite. Run it on an adapter
// of your own.
//
// The suite describes a site: its routes, a mounted net/http handler, and the code that runs before
// the gate. Your test builds this site in your framework, in a function of type [Build], and calls
// [Run]:
//
//	func TestAdapter(t *testing.T) {
//		adaptertest.Run(t, func(site *adaptertest.Site) http.Handler {
//			router := mine.New()
//			router.Use(func(c *mine.Context) { // the front
//				r, user, answered := adaptertest.Before(c.Writer, c.Request)
//				if answered {
//					c.Stop()
//					return
//				}
//				c.Request = r
//				if user != nil {
//					c.Set("user", user) // as handlers of this framework store values
//				}
//			})
//			if site.Gate != nil {
//				router.Use(minedowntime.Middleware(site.Gate))
//			}
//			for _, route := range site.Routes {
//				router.Handle(route.Method, route.Path(":%s", "*%s"), wrap(route.Handler))
//			}
//			router.Any("/admin/*rest", minedowntime.Wrap(site.Mount))
//			return router
//		})
//	}
//
// Here wrap is a function of your test. It makes a handler of the framework from an http.Handler. It
// stores each path parameter in the request by SetPathValue, because the handlers of the site read
// their parameters by PathValue. The example of
// [Run] is a complete test, with echo.
//
// The suite sends requests over TCP. It compares the answers of the site with those of the same site
// on net/http, byte by byte. It checks:
//
//   - which requests are served and refused, and each header and body of a refusal;
//   - that predicates see the values that handlers stored in the framework's way, and the values,
//     deadline and cancellation of the request's context;
//   - that no header of a client changes the decision;
//   - that handlers get the framework's own writer, and can flush, hijack and upgrade;
//   - that a refusal neither waits for the body of a request nor reads it;
//   - that the gate counts a request until its handler has ended, also if the handler panics;
//   - that thousands of unusual spellings of paths reach no handler that is not exempt, also if
//     middleware before the gate rewrites the path.
//
// A failure names the request, the value that the suite got, and the value that it wants. It also says
// what to change. The first check is "the site without a gate". If it fails, the fault is in the function
// that builds the site, and not in the adapter.
package adaptertest
