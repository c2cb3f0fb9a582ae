// Package others tests the gate beside other projects' middleware: sessions, and Fiber's adaptor
// for net/http.
package others
