// Package e2e tests what only the whole shows: that what is released can be installed, and
// that the installed command does what it says. It has tests only, and is never released.
package e2e
