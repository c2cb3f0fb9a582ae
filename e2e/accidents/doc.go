// Package accidents holds tests in which real gates follow a shared store while its real
// server, or the network in between, has every accident that we could think of.
package accidents
