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

// assets are the files by their names in links.
var assets = map[string]asset{}

// Names of the assets in links.
var (
	styleName  = addAsset("style.css", "text/css; charset=utf-8")
	scriptName = addAsset("page.js", "text/javascript; charset=utf-8")
	iconName   = addAsset("icon.svg", "image/svg+xml")
)

func addAsset(file, kind string) (name string) {
	body, err := assetFiles.ReadFile("assets/" + file)
	if err != nil {
		panic(err) // it is embedded above
	}
	sum := sha256.Sum256(body)
	ext := path.Ext(file)
	name = strings.TrimSuffix(file, ext) + "-" + hex.EncodeToString(sum[:8]) + ext
	assets[name] = asset{kind, body}
	return name
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
