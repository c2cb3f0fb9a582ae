package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestReport(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   []string
		ok   bool
		want string
	}{
		"passed tests and subtests are counted, their output is not shown": {
			in: []string{
				`{"Action":"run","Package":"p","Test":"TestA"}`,
				`{"Action":"output","Package":"p","Test":"TestA","Output":"noise\n"}`,
				`{"Action":"pass","Package":"p","Test":"TestA/one"}`,
				`{"Action":"pass","Package":"p","Test":"TestA"}`,
				`{"Action":"pass","Package":"p","Elapsed":0.5}`,
			},
			ok:   true,
			want: "ok  " + pad("p") + "    0.50s  2 passed\n\n2 passed, 0 failed, 0 skipped\n",
		},
		"a failed test shows its output": {
			in: []string{
				`{"Action":"output","Package":"p","Test":"TestA","Output":"want 1\n"}`,
				`{"Action":"fail","Package":"p","Test":"TestA"}`,
				`{"Action":"output","Package":"p","Output":"FAIL\n"}`,
				`{"Action":"fail","Package":"p","Elapsed":0.5}`,
			},
			want: "--- FAIL p TestA\nwant 1\nFAIL\n\n0 passed, 1 failed, 0 skipped\npackages failed: 1\nno test ran\n",
		},
		"a skipped test says why": {
			in: []string{
				`{"Action":"pass","Package":"p","Test":"TestA"}`,
				`{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}`,
				`{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:7: no chromium: apt-get install chromium\n"}`,
				`{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}`,
				`{"Action":"skip","Package":"p","Test":"TestB"}`,
				`{"Action":"pass","Package":"p","Elapsed":0.5}`,
			},
			ok: true,
			want: "ok  " + pad("p") + "    0.50s  1 passed, 1 skipped\n" +
				"\nSkipped:\n  p TestB: no chromium: apt-get install chromium\n\n1 passed, 0 failed, 1 skipped\n",
		},
		"a package that does not build shows the compiler": {
			in: []string{
				`{"ImportPath":"p [p.test]","Action":"build-output","Output":"a.go:1: undefined: x\n"}`,
				`{"ImportPath":"p [p.test]","Action":"build-fail"}`,
				`{"Action":"output","Package":"p","Output":"FAIL p [build failed]\n"}`,
				`{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}`,
				`{"Action":"pass","Package":"q","Test":"TestA"}`,
				`{"Action":"pass","Package":"q","Elapsed":1}`,
			},
			want: "a.go:1: undefined: x\nFAIL p [build failed]\n" +
				"ok  " + pad("q") + "    1.00s  1 passed\n\n1 passed, 0 failed, 0 skipped\npackages failed: 1\n",
		},
		"a test that dies shows its output": {
			in: []string{
				`{"Action":"pass","Package":"p","Test":"TestA"}`,
				`{"Action":"output","Package":"p","Test":"TestB","Output":"panic: boom\n"}`,
				`{"Action":"fail","Package":"p"}`,
			},
			want: "panic: boom\n\n1 passed, 0 failed, 0 skipped\npackages failed: 1\n",
		},
		"a package without tests says nothing, and no test at all is a failure": {
			in:   []string{`{"Action":"skip","Package":"p"}`},
			want: "\n0 passed, 0 failed, 0 skipped\nno test ran\n",
		},
		"what is not JSON is passed on": {
			in:   []string{"go: warning", `{"Action":"pass","Package":"p","Test":"TestA"}`, `{"Action":"pass","Package":"p"}`},
			ok:   true,
			want: "go: warning\nok  " + pad("p") + "    0.00s  1 passed\n\n1 passed, 0 failed, 0 skipped\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			ok, err := report(strings.NewReader(strings.Join(tt.in, "\n")+"\n"), &out)
			require.NoError(t, err)
			require.Equal(t, tt.ok, ok)
			require.Equal(t, tt.want, out.String())
		})
	}
}

func TestReportReadError(t *testing.T) {
	t.Parallel()
	broken := errors.New("pipe is gone")
	ok, err := report(iotest.ErrReader(broken), io.Discard)
	require.ErrorIs(t, err, broken)
	require.False(t, ok)
}

func pad(pkg string) string { return pkg + strings.Repeat(" ", 70-len(pkg)) }
