// Package accidents tests real gates on a shared store while its server, or the network
// between them, fails in many ways. It has tests only.
package accidents
