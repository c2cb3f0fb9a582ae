// Package adaptertest is one table of requests that every adapter answers alike, to the
// byte: plain net/http is the reference. An adapter's test says how to build a [Site] in
// its framework, and calls [Run].
//
// The tests of this package itself compare the routers: which handler ran for thousands
// of odd paths, and the facts about each router that the rules rely on.
package adaptertest
