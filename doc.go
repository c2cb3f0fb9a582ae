// Package downtime takes a Go web application down on purpose and opens it again: for a
// deployment, a migration, a planned window, or an incident. While the application is down, its
// middleware refuses requests with a 503 that says why and until when. Health checks, exempt
// paths and testers pass. While it is up, the middleware costs a few nanoseconds.
//
// This package has no code. The packages below it are, for an application:
//
//   - adapters/gin, adapters/echo (v4), adapters/echov5 and adapters/chi are the middleware.
//     adapters/chi also serves net/http and all routers with the same kind of middleware.
//   - core has the gate, which decides about each request, and its configuration: exempt paths,
//     predicates for requests that pass, and the page that visitors see.
//   - store/filestore keeps the state in a file, for one host. It needs no server.
//   - store/sqlstore, store/pgstore and store/redisstore keep it in a database, for several
//     hosts. store/memstore is for tests.
//   - admin is a page for operators, with a JSON API, inside the application.
//   - probe has the health checks that an orchestrator asks, and metrics/prometheus a collector.
//
// Operators use the command, cmd/downtime, or the page. A program can use package operator, which
// does the same. Five packages are for authors of tools, stores and adapters: period has the values in a
// document, store has the interface of a store, store/storetest has its conformance suite,
// adaptertest has that of an adapter, and fleettest tests any gate by HTTP.
//
// The application makes a gate on a store:
//
//	st, err := filestore.New("/var/lib/shop/downtime.json")
//	if err != nil {
//		return err
//	}
//	gate, err := core.New(core.Config{Store: st, ExemptExact: []string{"/healthz"}})
//	if err != nil {
//		return err
//	}
//	router := gin.New()
//	router.Use(gin.Recovery(), gindowntime.Middleware(gate))
//	// … routes, server.ListenAndServe, server.Shutdown …
//	err = gate.Shutdown(ctx)
//
// An operator takes it down, and opens it again, in a shell:
//
//	export DOWNTIME_STORE=file:/var/lib/shop/downtime.json
//	downtime start --reason "Moving the database" --for 20m
//	downtime end
//
// or in Go:
//
//	op := operator.Operator{Store: st, Actor: "deploy"}
//	_, err = op.Start(ctx, operator.StartOptions{Reason: new("Moving the database")})
//	_, err = op.End(ctx, operator.EndOptions{Holder: "deploy"})
package downtime
