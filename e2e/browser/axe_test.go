package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
)

// axeCore is the source of axe-core, in the version of package-lock.json.
var axeCore = sync.OnceValues(func() (string, error) {
	want, err := axeVersion("package-lock.json", func(b []byte) (string, error) {
		var lock struct {
			Packages map[string]struct {
				Version string `json:"version"`
			} `json:"packages"`
		}
		err := json.Unmarshal(b, &lock)
		return lock.Packages["node_modules/axe-core"].Version, err
	})
	if err != nil {
		return "", err
	}
	dir := filepath.Join("node_modules", "axe-core")
	got, err := axeVersion(filepath.Join(dir, "package.json"), func(b []byte) (string, error) {
		var installed struct {
			Version string `json:"version"`
		}
		err := json.Unmarshal(b, &installed)
		return installed.Version, err
	})
	if err != nil {
		return "", err
	}
	if got != want {
		return "", fmt.Errorf("axe-core %s is installed, want %s", got, want)
	}
	source, err := os.ReadFile(filepath.Join(dir, "axe.min.js"))
	return string(source), err
})

func axeVersion(path string, read func(b []byte) (string, error)) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	version, err := read(b)
	if err == nil && version == "" {
		err = fmt.Errorf("%s names no version", path)
	}
	return version, err
}

// finding is one rule of axe-core that a page breaks.
type finding struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []node `json:"nodes"`
}

// node is one element that breaks it.
type node struct {
	HTML           string `json:"html"`
	FailureSummary string `json:"failureSummary"`
}

func (f finding) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s: %s", f.ID, f.Help)
	for _, n := range f.Nodes {
		fmt.Fprintf(&s, "\n    %s\n    %s", n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", "\n    "))
	}
	return s.String()
}

// requireAccessible fails if axe-core finds a fault on this page by its default rules: WCAG 2.0
// to 2.2 A and AA and its best practices. An undecided result, such as the contrast on a
// gradient, is a fault too. Frames are pages of their own and are not checked here. It keeps a
// picture of that name.
func (b *tab) requireAccessible(name string) {
	b.t.Helper()
	source, err := axeCore()
	if err != nil {
		testservers.Absent(b.t, "axe-core: "+err.Error()+": run tools/servers, or npm ci --ignore-scripts in e2e/browser")
	}
	b.picture(name)
	type report struct {
		Violations []finding `json:"violations"`
		Incomplete []finding `json:"incomplete"`
		Passes     int       `json:"passes"`
	}
	b.do(chromedp.Evaluate[chromedp.Void](source + "; undefined"))
	r := read[report](b, `axe.run(document, {iframes: false, rules: {'frame-tested': {enabled: false}}}).then((r) => ({violations: r.violations, incomplete: r.incomplete, passes: r.passes.length}))`)
	for _, f := range append(r.Violations, r.Incomplete...) {
		// A decorative arrow, whose contrast axe-core cannot decide.
		f.Nodes = slices.DeleteFunc(f.Nodes, func(n node) bool { return n.HTML == `<span aria-hidden="true">→</span>` })
		if len(f.Nodes) > 0 {
			b.t.Errorf("axe-core, %s: %s", name, f)
		}
	}
	require.Positive(b.t, r.Passes, "axe-core has not looked at anything")
}
