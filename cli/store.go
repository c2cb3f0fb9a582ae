package cli

import (
	"context"
	"io"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/filestore"
)

// envStore names the store if --store does not.
const envStore = "DOWNTIME_STORE"

// forms lists the forms of a store's URL.
func (a *app) forms() string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(a.schemes)) {
		if form := a.schemes[name].form; form != "" {
			out = append(out, form)
		}
	}
	return strings.Join(out, ", ")
}

// storeURL is the URL of the store, and its origin: --store or DOWNTIME_STORE.
func (a *app) storeURL() (url, from string) {
	if a.url != "" {
		return a.url, "--store"
	}
	return os.Getenv(envStore), envStore
}

// open opens the store that --store or DOWNTIME_STORE names. There is no default: a file in
// the working directory of the operator is not the one that the site reads.
func (a *app) open(ctx context.Context) (st store.Store, closeStore func(), err error) {
	nothing := func() {}
	if a.store != nil {
		return a.store, nothing, nil
	}
	location, from := a.storeURL()
	if location == "" {
		return nil, nothing, usagef("which store? Give --store URL, or set %s: %s", envStore, a.forms())
	}
	// The error does not repeat the refused URL, because a password can be anywhere in it.
	name, _, ok := strings.Cut(location, ":")
	scheme, known := a.schemes[name]
	switch {
	case !ok, !known && !schemeName.MatchString(name):
		return nil, nothing, usagef("%s: it is not the URL of a store: want %s", from, a.forms())
	case !known:
		return nil, nothing, usagef("%s: unknown scheme %q: want %s", from, name+":", a.forms())
	case from == "--store" && hasPassword(location):
		return nil, nothing, usagef("--store: it holds a password, which every user of this machine can read in the list of processes: set %s to the URL instead", envStore)
	}
	st, err = scheme.open(ctx, location)
	if err != nil {
		return nil, nothing, err
	}
	if c, ok := st.(io.Closer); ok {
		return st, func() { _ = c.Close() }, nil // every write is confirmed by then
	}
	return st, nothing, nil
}

// schemeName is what can be the scheme of a URL.
var schemeName = regexp.MustCompile(`^[a-zA-Z0-9+.-]+$`)

// hasPassword reports whether the URL names a secret: in its authority, or as a parameter.
func hasPassword(text string) bool {
	_, rest, ok := strings.Cut(text, "://")
	if !ok {
		return false // a path, of which nothing is decoded
	}
	rest, query, _ := strings.Cut(rest, "?")
	// Not only in the authority: a password may hold a slash that is not escaped.
	if at := strings.LastIndexByte(rest, '@'); at >= 0 && strings.Contains(rest[:at], ":") {
		return true
	}
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || strings.Contains(strings.ToLower(name), "password") {
			return true
		}
	}
	return false
}

// mustExist is the only parameter of a file.
const mustExist = "?must_exist=true"

// openFile opens file:PATH, and file:///PATH, which is the same with an absolute path. PATH is
// used as it is, without decoding.
func openFile(_ context.Context, url string) (store.Store, error) {
	path := strings.TrimPrefix(url, "file:")
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		if !strings.HasPrefix(rest, "/") {
			return nil, &store.FieldError{Field: "store", Problem: "names a host; want file:PATH or file:///PATH"}
		}
		path = rest
	}
	var opts []filestore.Option
	path, found := strings.CutSuffix(path, mustExist)
	if found {
		opts = append(opts, filestore.MustExist())
	}
	if path == "" {
		return nil, &store.FieldError{Field: "store", Problem: "names no file; want file:PATH"}
	}
	return filestore.New(path, opts...)
}
