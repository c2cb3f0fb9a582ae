// Package adaptertest is one table of requests that every adapter answers with the same
// bytes. Plain net/http is the reference. The test of an adapter builds a [Site] in its
// framework and calls [Run].
//
// The package's own tests compare the routers: which handler runs for thousands of unusual
// paths, and the facts about each router on which the rules rely.
package adaptertest
