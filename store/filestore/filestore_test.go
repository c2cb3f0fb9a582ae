package filestore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/filestore"
)

func TestANilOptionChangesNothing(t *testing.T) {
	t.Parallel()
	st, err := filestore.New(filepath.Join(t.TempDir(), "downtime.json"), nil, filestore.MustExist(), nil)
	require.NoError(t, err)
	_, err = st.Get(t.Context(), "")
	require.ErrorIs(t, err, store.ErrLost)
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
		"a mode for all users to write": {path: "a", options: []filestore.Option{filestore.Mode(0o666)}, want: "Mode 0666"},
		"a mode without reading":        {path: "a", options: []filestore.Option{filestore.Mode(0o200)}, want: "Mode 0200"},
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
	require.Equal(t, store.Info{
		Name: "file:" + filepath.Join(wd, "downtime.json"), Poll: 100 * time.Millisecond, Durability: "a crash of the machine",
	}, st.Info())
}

func TestADirectoryThatIsMissingIsAnError(t *testing.T) {
	t.Parallel()
	st, err := filestore.New(filepath.Join(t.TempDir(), "typo", "downtime.json"))
	require.NoError(t, err)
	_, err = st.Get(t.Context(), "")
	require.ErrorContains(t, err, "the directory cannot be reached, create it or correct the path")
	require.NotErrorIs(t, err, store.ErrLost)
	require.ErrorContains(t, st.Swap(t.Context(), "", []byte("a")), "create it or correct the path")
}

func TestAPathWithPercentSignsIsNamedAsItIs(t *testing.T) {
	t.Parallel()
	st, err := filestore.New(filepath.Join(t.TempDir(), "%s%d", "100%.json"))
	require.NoError(t, err)
	_, err = st.Get(t.Context(), "")
	require.ErrorContains(t, err, "%s%d/100%.json: the directory cannot be reached")
}

func ExampleMustExist() {
	st, err := filestore.New("/etc/myapp/downtime.json", filestore.MustExist()) // a mounted ConfigMap
	if err != nil {
		panic(err)
	}
	_, err = st.Get(context.Background(), "")
	fmt.Println("missing is an error:", err != nil)
	// Output: missing is an error: true
}

func ExampleMode() {
	_, err := filestore.New("downtime.json", filestore.Mode(0o660)) // a group of operators can edit it
	fmt.Println(err)
	// Output: <nil>
}

func ExampleTrustWritable() {
	_, err := filestore.New("downtime.json", filestore.TrustWritable()) // a mount that shows 0777
	fmt.Println(err)
	// Output: <nil>
}
