// Package admin is the operator's page: whether the site is down, since when, by whom and
// why; a start and an end; the schedule, the fleet and the log; and a JSON API for the
// same, below api/v1/. [New] makes an http.Handler of it, which mounts under any path of
// any router, behind the application's own authorisation.
//
//	cfg := core.Config{Store: store}
//	admin.Exempt(&cfg, "/ops/downtime") // else it is refused like everything else while down
//	gate, err := core.New(cfg)
//	…
//	page, err := admin.New(gate, admin.Config{
//		Path:      "/ops/downtime",
//		Authorise: core.ContextValue("staff", userKey, User.IsStaff),
//		Actor:     func(ctx context.Context, _ *http.Request) string { return userOf(ctx).Name },
//	})
//	mux.Handle("/ops/downtime/", page)
//	http.ListenAndServe(addr, login(gate.Handler(mux)))
//
// Under gin and echo mount it by gindowntime.Wrap and echodowntime.Wrap, so that Authorise
// and Actor see what earlier handlers stored natively.
//
// Everything is authorised, pages, API and style sheets alike. What changes something is a
// POST of the page's own origin, conditional on what the operator had seen: where somebody
// else was faster, it changes nothing and shows what they did. The pages need no
// JavaScript; with it they follow the state by themselves.
package admin
