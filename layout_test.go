package downtime_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxCycle is the largest number of files that may need each other in a circle. A reader must know
// them all to understand one.
const maxCycle = 3

// TestFilesOfAPackageFormNoLargeCycle reads the files of each package. A file needs another one if it
// uses a function, type, constant or variable of it. Methods and fields do not count.
func TestFilesOfAPackageFormNoLargeCycle(t *testing.T) {
	t.Parallel()
	packages := map[string][]string{}
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
			packages[filepath.Dir(path)] = append(packages[filepath.Dir(path)], path)
		}
		return nil
	}))
	require.Contains(t, packages, "core")
	for dir, files := range packages {
		for _, cycle := range cycles(uses(t, files)) {
			require.LessOrEqual(t, len(cycle), maxCycle, "%s: these files need each other: %v. Move declarations, so that the uses point one way.", dir, cycle)
		}
	}
}

func TestCyclesAreFound(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		uses map[string][]string
		want [][]string
	}{
		"no cycle in a tree":             {map[string][]string{"a": {"b", "c"}, "b": {"c"}}, nil},
		"two files":                      {map[string][]string{"a": {"b"}, "b": {"a"}}, [][]string{{"a", "b"}}},
		"a circle of four":               {map[string][]string{"a": {"b"}, "b": {"c"}, "c": {"d"}, "d": {"a"}}, [][]string{{"a", "b", "c", "d"}}},
		"two circles with an arrow":      {map[string][]string{"a": {"b"}, "b": {"a", "c"}, "c": {"d"}, "d": {"c"}}, [][]string{{"a", "b"}, {"c", "d"}}},
		"two circles with a common file": {map[string][]string{"a": {"b"}, "b": {"a", "c"}, "c": {"b"}}, [][]string{{"a", "b", "c"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ElementsMatch(t, tc.want, cycles(tc.uses))
		})
	}
}

// uses returns, for each file of a package, the other files that it needs.
func uses(t *testing.T, files []string) map[string][]string {
	t.Helper()
	parsed, home := map[string]*ast.File{}, map[string]string{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		parsed[path] = file
		for name := range file.Scope.Objects {
			home[name] = path
		}
	}
	found := map[string][]string{}
	for path, file := range parsed {
		receivers := map[*ast.Ident]bool{}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv != nil {
				ast.Inspect(f.Recv, func(n ast.Node) bool {
					if name, ok := n.(*ast.Ident); ok {
						receivers[name] = true
					}
					return true
				})
			}
		}
		others := map[string]bool{}
		for _, name := range file.Unresolved {
			if other := home[name.Name]; other != "" && other != path && !receivers[name] {
				others[other] = true
			}
		}
		found[path] = slices.Sorted(maps.Keys(others))
	}
	return found
}

// cycles returns the groups of files in which each needs each other one, directly or through others.
func cycles(uses map[string][]string) [][]string {
	reach := map[string]map[string]bool{}
	var visit func(from, at string)
	visit = func(from, at string) {
		for _, next := range uses[at] {
			if !reach[from][next] {
				reach[from][next] = true
				visit(from, next)
			}
		}
	}
	for path := range uses {
		reach[path] = map[string]bool{}
		visit(path, path)
	}
	var found [][]string
	for _, path := range slices.Sorted(maps.Keys(uses)) {
		var cycle []string
		for _, other := range slices.Sorted(maps.Keys(uses)) {
			if reach[path][other] && reach[other][path] {
				cycle = append(cycle, other)
			}
		}
		if len(cycle) > 1 && cycle[0] == path {
			found = append(found, cycle)
		}
	}
	return found
}
