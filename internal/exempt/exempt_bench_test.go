package exempt

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkExempt measures lookups among few and many entries. Compare hit and miss at
// 10,000 entries with 10, and hostile with miss at the same number. "below" is an exempt
// path of 8 KiB, of which every byte must be read.
func BenchmarkExempt(b *testing.B) {
	const spread = 64 // number of paths, so that the cache does not hold one lookup
	for _, n := range []int{10, 100, 1_000, 10_000} {
		var exact, prefixes []string
		for i := range n {
			switch i % 5 {
			case 0:
				exact = append(exact, fmt.Sprintf("/page%d", i))
			case 1:
				exact = append(exact, fmt.Sprintf("/a/page%d", i))
			case 2:
				prefixes = append(prefixes, fmt.Sprintf("/section%d", i))
			case 3:
				prefixes = append(prefixes, fmt.Sprintf("/api/v%d/public", i))
			case 4:
				prefixes = append(prefixes, fmt.Sprintf("/a/a/files%d", i))
			}
		}
		e, err := New(exact, prefixes)
		require.NoError(b, err)
		last := prefixes[len(prefixes)-1]
		var hits, misses []*url.URL
		for i := range spread {
			entry := prefixes[i*len(prefixes)/spread]
			hits = append(hits, parsed(b, entry+"/app.js"))
			misses = append(misses, parsed(b, fmt.Sprintf("/orders/%d/lines", i)))
		}
		for _, tc := range []struct {
			name string
			urls []*url.URL
			want bool
		}{
			{"hit", hits, true},
			{"miss", misses, false},
			{"hostile/segments", []*url.URL{parsed(b, strings.Repeat("/a", 4096))}, false},
			{"hostile/one-segment", []*url.URL{parsed(b, "/"+strings.Repeat("a", 8191))}, false},
			{"hostile/slashes", []*url.URL{parsed(b, "/a"+strings.Repeat("/", 8190))}, false},
			{"hostile/escapes", []*url.URL{parsed(b, strings.Repeat("/%61", 2048))}, false},
			{"hostile/near", []*url.URL{parsed(b, last+"x"+strings.Repeat("/a", 4096))}, false},
			{"below", []*url.URL{parsed(b, last+strings.Repeat("/a", 4096))}, true},
		} {
			b.Run(fmt.Sprintf("%s/%d", tc.name, n), func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if _, ok := e.Match(tc.urls[i%len(tc.urls)]); ok != tc.want {
						b.Fatal("exempt is", ok)
					}
				}
			})
		}
	}
}
