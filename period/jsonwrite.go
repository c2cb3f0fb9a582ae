package period

import (
	"bytes"
	"encoding/json"
)

// encodeJSON returns v as JSON with a newline at its end. It does not escape "<", ">" and "&",
// because operators read the result and no HTML page holds it.
func encodeJSON(v any, indent string) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	err := enc.Encode(v)
	return buf.Bytes(), err
}
