package core

// ExemptHealthChecks returns the paths that orchestrators and load balancers usually
// probe, for [Config].ExemptExact: "/healthz", "/livez", "/readyz" and "/health". Each
// covers that path alone, without a trailing slash. Nothing is exempt that a Config does
// not name. Each call returns a new slice.
//
// A failed probe takes the instance out of service or restarts it, and downtime seldom
// asks for that. Name the paths yourself if one of these four is not a probe, or if the
// load balancer is meant to see the downtime.
func ExemptHealthChecks() []string {
	return []string{"/healthz", "/livez", "/readyz", "/health"}
}
