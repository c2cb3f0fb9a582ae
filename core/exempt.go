package core

// ExemptHealthChecks returns the paths that orchestrators and load balancers usually probe, for
// [Config].ExemptExact: "/healthz", "/livez", "/readyz" and "/health". Each covers that path
// alone, without a trailing slash. A Config exempts only the paths that it names. Each call
// returns a new slice.
//
// If a probe fails, the orchestrator takes the instance out of service or restarts it. This is
// seldom wanted during downtime. If one of these four paths is not a probe, or if the load
// balancer must see the downtime, list the paths yourself.
func ExemptHealthChecks() []string {
	return []string{"/healthz", "/livez", "/readyz", "/health"}
}
