// Package others tests the gate beside other projects' middleware: sessions, Fiber's adaptor
// for net/http, huma, Connect and grpc-go.
package others
