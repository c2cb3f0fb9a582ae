// Package e2e tests the whole: that a release can be installed, that the installed command
// works, and that stores work on real servers. It has tests only, and is never released.
package e2e
