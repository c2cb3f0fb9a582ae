// Package admin is the operator's page. It shows whether the site is down, since when, by whom
// and why. It starts and ends downtime, and shows the schedule, the fleet and the log. A JSON
// API below api/v1/ does the same. [New] returns an http.Handler, which can be mounted at any path
// of any router, behind the application's own authorization.
//
//	cfg := core.Config{Store: store}
//	admin.Exempt(&cfg, "/ops/downtime") // otherwise the gate refuses the page while down
//	gate, err := core.New(cfg)
//	…
//	page, err := admin.New(gate, admin.Config{
//		Path:      "/ops/downtime",
//		Authorize: core.ContextValue("staff", userKey, User.IsStaff),
//		Actor:     func(ctx context.Context, _ *http.Request) string { return userOf(ctx).Name },
//	})
//	mux.Handle("/ops/downtime/", page)
//	http.ListenAndServe(addr, login(gate.Handler(mux)))
//
// For gin and echo, mount it with gindowntime.Wrap and echodowntime.Wrap, so that Authorize
// and Actor see the values that earlier handlers stored in the framework's context.
//
// Every request needs authorization: pages, API and assets. The page accepts a change only from its
// own origin. Each change is conditional on the state that the operator has seen. If another write
// came first, the page changes nothing and shows the current state. The pages need no JavaScript.
// With JavaScript they show each change of the state without a reload.
package admin
