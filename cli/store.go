package cli

import (
	"context"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/filestore"
)

// envStore names the store where --store does not.
const envStore = "DOWNTIME_STORE"

type schemeOf struct {
	form string
	open Opener
}

// forms is how a store's URL may be written.
func (a *app) forms() string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(a.schemes)) {
		out = append(out, a.schemes[name].form)
	}
	return strings.Join(out, ", ")
}

// onStore runs do with the store and a context that is over after --timeout.
func (a *app) onStore(cmd *cobra.Command, do func(ctx context.Context, st core.Store) error) error {
	st, closeStore, err := a.open(cmd.Context())
	if err != nil {
		return err
	}
	defer closeStore()
	ctx, cancel := a.limit(cmd.Context())
	defer cancel()
	return do(ctx, st)
}

func (a *app) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, a.timeout.duration())
}

// open opens the store that --store or DOWNTIME_STORE names. There is no default: a file
// in whatever directory the operator stands in is not the one that the site reads.
func (a *app) open(ctx context.Context) (st core.Store, closeStore func(), err error) {
	nothing := func() {}
	if a.store != nil {
		return a.store, nothing, nil
	}
	url, from := a.url, "--store"
	if url == "" {
		url, from = os.Getenv(envStore), envStore
	}
	if url == "" {
		return nil, nothing, usagef("which store? Say --store URL, or set %s: %s", envStore, a.forms())
	}
	name, _, ok := strings.Cut(url, ":")
	scheme, known := a.schemes[name]
	switch {
	case !ok:
		return nil, nothing, usagef("%s: %q is not the URL of a store: want %s", from, url, a.forms())
	case !known:
		return nil, nothing, usagef("%s: unknown scheme %q: want %s", from, name+":", a.forms())
	}
	st, err = scheme.open(ctx, url)
	if err != nil {
		return nil, nothing, err
	}
	if c, ok := st.(io.Closer); ok {
		return st, func() { _ = c.Close() }, nil // what was written is confirmed by then
	}
	return st, nothing, nil
}

// openFile opens file:PATH, and file:///PATH, which is the same with an absolute path.
// PATH is taken as it is: nothing in it is decoded.
func openFile(_ context.Context, url string) (core.Store, error) {
	path := strings.TrimPrefix(url, "file:")
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		if !strings.HasPrefix(rest, "/") {
			return nil, &core.FieldError{Field: "store", Value: url, Problem: "names a host; want file:PATH or file:///PATH"}
		}
		path = rest
	}
	if path == "" {
		return nil, &core.FieldError{Field: "store", Value: url, Problem: "names no file; want file:PATH"}
	}
	return filestore.New(path)
}
