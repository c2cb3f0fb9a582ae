package admin

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

// asset is a file that pages load. Its name contains a digest of its content, so browsers can
// cache it forever and never use it for another version of the page.
type asset struct {
	kind string
	body []byte
}

// Names of the assets in links.
var (
	styleName  = assetName("style.css")
	scriptName = assetName("page.js")
	iconName   = assetName("icon.svg")
)

var assets = map[string]asset{
	styleName:  {"text/css; charset=utf-8", assetBody("style.css")},
	scriptName: {"text/javascript; charset=utf-8", assetBody("page.js")},
	iconName:   {"image/svg+xml", assetBody("icon.svg")},
}

func assetBody(file string) []byte {
	b, err := assetFiles.ReadFile("assets/" + file)
	if err != nil {
		panic(err) // it is embedded above
	}
	return b
}

func assetName(file string) string {
	sum := sha256.Sum256(assetBody(file))
	ext := path.Ext(file)
	return strings.TrimSuffix(file, ext) + "-" + hex.EncodeToString(sum[:8]) + ext
}

func (a asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // an error means that the client has gone
	}
}
