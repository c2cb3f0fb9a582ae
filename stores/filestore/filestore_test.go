package filestore_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/filestore"
	"github.com/go-downtime/downtime/stores/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) core.Store {
		t.Helper()
		st, err := filestore.New(filepath.Join(t.TempDir(), "downtime.json"))
		require.NoError(t, err)
		return st
	}, storetest.Options{
		Second: func(t *testing.T, first core.Store) core.Store {
			t.Helper()
			st, err := filestore.New(strings.TrimPrefix(first.String(), "file:"))
			require.NoError(t, err)
			return st
		},
	})
}

func TestStoreWithMustExist(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) core.Store {
		t.Helper()
		st, err := filestore.New(filepath.Join(t.TempDir(), "downtime.json"), filestore.MustExist())
		require.NoError(t, err)
		return st
	}, storetest.Options{MustBeInitialised: true})
}

func TestANilOptionChangesNothing(t *testing.T) {
	t.Parallel()
	st, err := filestore.New(filepath.Join(t.TempDir(), "downtime.json"), nil, filestore.MustExist(), nil)
	require.NoError(t, err)
	_, err = st.Load(t.Context(), core.Mark{})
	require.ErrorIs(t, err, core.ErrLost)
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		path    string
		options []filestore.Option
		want    string
	}{
		"no path":                       {path: "", want: "the path is empty"},
		"NUL in the path":               {path: "a\x00b", want: `"a\x00b": want one without NUL`},
		"a directory by its form":       {path: "/var/lib/", want: "want a file, not a directory"},
		"the root":                      {path: "/", want: "want a file, not a directory"},
		"a dot":                         {path: "a/.", want: "want a file, not a directory"},
		"two dots":                      {path: "..", want: "want a file, not a directory"},
		"a name that leaves no room":    {path: strings.Repeat("a", 201), want: "at most 200 bytes"},
		"a mode for everybody to write": {path: "a", options: []filestore.Option{filestore.Mode(0o666)}, want: "Mode 0666"},
		"a mode for nobody to read":     {path: "a", options: []filestore.Option{filestore.Mode(0o200)}, want: "Mode 0200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, err := filestore.New(tc.path, tc.options...)
			require.ErrorContains(t, err, tc.want)
			require.Nil(t, st)
		})
	}
}

func TestARelativePathIsResolvedOnce(t *testing.T) {
	t.Parallel()
	st, err := filestore.New("x/../downtime.json")
	require.NoError(t, err)
	wd, err := os.Getwd()
	require.NoError(t, err)
	require.Equal(t, "file:"+filepath.Join(wd, "downtime.json"), st.String())
	require.Equal(t, 100*time.Millisecond, st.PollInterval())
}

func TestADirectoryThatIsMissingIsAnError(t *testing.T) {
	t.Parallel()
	st, err := filestore.New(filepath.Join(t.TempDir(), "typo", "downtime.json"))
	require.NoError(t, err)
	_, err = st.Load(t.Context(), core.Mark{})
	require.ErrorContains(t, err, "the directory cannot be reached, create it or correct the path")
	require.NotErrorIs(t, err, core.ErrLost)
	_, err = core.Start(t.Context(), st, core.StartOptions{Holder: "ann"})
	require.ErrorContains(t, err, "create it or correct the path")
}

func TestAPathWithPercentSignsIsNamedAsItIs(t *testing.T) {
	t.Parallel()
	st, err := filestore.New(filepath.Join(t.TempDir(), "%s%d", "100%.json"))
	require.NoError(t, err)
	_, err = st.Load(t.Context(), core.Mark{})
	require.ErrorContains(t, err, "%s%d/100%.json: the directory cannot be reached")
}

func ExampleNew() {
	dir, err := os.MkdirTemp("", "downtime")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	store, err := filestore.New(filepath.Join(dir, "downtime.json"))
	if err != nil {
		panic(err)
	}
	gate, err := core.New(core.Config{Store: store, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	// As "downtime start" does, in whatever process.
	ctx := context.Background()
	if _, err := core.Start(ctx, store, core.StartOptions{Holder: "ann"}); err != nil {
		panic(err)
	}
	<-gate.Closing()
	_, open := gate.Enter(nil)
	fmt.Println("open:", open)
	// Output: open: false
}

func ExampleMustExist() {
	store, err := filestore.New("/etc/myapp/downtime.json", filestore.MustExist()) // a mounted ConfigMap
	if err != nil {
		panic(err)
	}
	_, err = store.Load(context.Background(), core.Mark{})
	fmt.Println("missing is an error:", err != nil)
	// Output: missing is an error: true
}

func ExampleMode() {
	_, err := filestore.New("downtime.json", filestore.Mode(0o660)) // a group of people may edit it
	fmt.Println(err)
	// Output: <nil>
}

func ExampleAllowWorldWritable() {
	_, err := filestore.New("downtime.json", filestore.AllowWorldWritable()) // a mount that shows 0777
	fmt.Println(err)
	// Output: <nil>
}
