// Package browser tests the pages of operators and visitors in a real Chromium, and the main
// stories in a real Firefox. The example applications run as processes, and the tests use them as
// a person does. The package has tests only, and is never released.
//
// If a browser is not installed, its tests are skipped and name its package. With
// DOWNTIME_REQUIRE_SERVERS=1 in the environment they fail. tools/servers installs both, and
// axe-core, which checks the accessibility of pages.
//
// Tests keep screenshots: go test -artifacts ./e2e/browser. This makes the pictures of the
// README:
//
//	go test ./e2e/browser -run TestPictures -pictures docs
package browser
