// Package wire is what is said about a store in JSON, wherever it is said: by the command
// with --json and by the JSON API of the operator's page. One name means one thing in both.
//
// Its types are written, not read: documents are read by [core.DecodeDocument]. Members may
// be added; none changes its name or its meaning. Instants are RFC 3339 in UTC.
package wire
