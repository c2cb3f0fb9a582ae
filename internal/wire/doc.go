// Package wire defines the JSON in which the command, with --json, and the API of the
// operator's page describe a store. One name means one thing in both.
//
// The types are written and not read. [period.Decode] reads documents. Members may be added; none
// changes its name or its meaning. Instants are RFC 3339 in UTC.
package wire
