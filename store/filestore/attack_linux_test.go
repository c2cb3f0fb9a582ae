package filestore

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
)

const opened = `{"format":1,"periods":[]}`

// TestNoUserOpensTheSiteOfAnother: root's site is down, and all its files are in a directory like
// /tmp. An attacker does everything that the kernel allows, before root takes the site down and
// after. Gates that run and gates that start then let no request through.
func TestNoUserOpensTheSiteOfAnother(t *testing.T) {
	t.Parallel()
	doc := func(path string) { _ = os.WriteFile(path, []byte(opened), 0o644) }
	for name, c := range map[string]struct {
		before, after func(path, override string) // as the attacker
		planted       bool                        // before: root's start names it and fails
	}{
		"nothing": {},
		"an empty document, and then another": {before: func(path, _ string) { _ = os.WriteFile(path, nil, 0o666) }, after: func(path, _ string) {
			doc(path)
		}, planted: true},
		"a document, and then another": {before: func(path, _ string) { doc(path) }, after: func(path, _ string) {
			doc(path)
		}, planted: true},
		"a document for all to write": {before: func(path, _ string) { doc(path); _ = os.Chmod(path, 0o666) }, after: func(path, _ string) {
			doc(path)
		}, planted: true},
		"a link, turned around later": {before: func(path, _ string) { doc(path + ".a"); _ = os.Symlink(path+".a", path) }, after: func(path, _ string) {
			doc(path + ".b")
			_ = os.Remove(path)
			_ = os.Symlink(path+".b", path)
		}, planted: true},
		"a marker":                    {before: func(path, _ string) { doc(path + ".written") }, planted: true},
		"a lock":                      {before: func(path, _ string) { doc(path + ".lock") }, planted: true},
		"writing over the document":   {after: func(path, _ string) { doc(path) }},
		"removing the document":       {after: func(path, _ string) { _ = os.Remove(path); _ = os.Remove(path + ".written") }},
		"renaming a document over it": {after: func(path, _ string) { doc(path + ".mine"); _ = os.Rename(path+".mine", path) }},
		"renaming it away":            {after: func(path, _ string) { _ = os.Rename(path, path+".away"); doc(path) }},
		"an override file":            {after: func(_, override string) { _ = os.WriteFile(override, []byte("up"), 0o644) }},
		"an override file for all": {after: func(_, override string) {
			_ = os.WriteFile(override, []byte("up"), 0o666)
			_ = os.Chmod(override, 0o666)
		}},
		"an override file before it": {before: func(_, override string) { _ = os.WriteFile(override, []byte("up"), 0o644) }},
		"a link to an override file": {after: func(path, override string) {
			_ = os.WriteFile(path+".up", []byte("up"), 0o644)
			_ = os.Symlink(path+".up", override)
		}},
		"rows of an instance": {before: func(path, _ string) { _ = os.Mkdir(path+".instances", 0o777) }, after: func(path, _ string) {
			doc(filepath.Join(path+".instances", "a.json"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := shared(t, 0)
			override := filepath.Join(st.dir, "override")
			cfg := core.Config{OverrideFile: override, Logger: slog.New(slog.DiscardHandler), PollInterval: time.Hour}
			gate := func() *core.Gate {
				cfg.Store = again(t, st)
				g, err := core.New(cfg)
				require.NoError(t, err)
				t.Cleanup(func() { _ = g.Shutdown(t.Context()) })
				return g
			}
			try := func(f func(path, override string)) {
				if f != nil {
					as(t, attacker, func() { f(st.path, override) })
				}
			}
			try(c.before)
			running := gate()
			start := func() error {
				op := operator.Operator{Store: again(t, st), Actor: "root"}
				_, err := op.Start(t.Context(), operator.StartOptions{Holder: "root"})
				return err
			}
			err := start()
			if c.planted {
				require.ErrorContains(t, err, "belongs to user 65532")
				for _, suffix := range []string{"", ".written", ".lock"} {
					require.NoError(t, os.RemoveAll(st.path+suffix)) // as it was told
				}
				err = start()
			}
			require.NoError(t, err)
			_ = running.Refresh(t.Context())
			try(c.after)
			_ = running.Refresh(t.Context())
			through := 0
			for _, g := range []*core.Gate{running, gate()} {
				for range 100 {
					if ticket, open := g.Enter(nil); open {
						through++
						ticket.Leave()
					}
				}
			}
			require.Zero(t, through)
		})
	}
}
