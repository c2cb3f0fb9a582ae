// Package browser tests what operators and visitors see, in a real Chromium: the example
// applications are started as processes, and used as a person uses them. It has tests
// only, and is never released.
//
// A Chromium that is not installed skips the tests, and says which package has it; with
// DOWNTIME_REQUIRE_SERVERS=1 in the environment it fails them. tools/servers installs it,
// and axe-core, which looks for what keeps somebody from using a page.
//
// Each test keeps screenshots of what it saw: go test -artifacts ./e2e/browser. The
// pictures of the README are made by
//
//	go test ./e2e/browser -run TestPictures -pictures docs
package browser
