package period

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// Seal changes d to the form that [Decode] returns, and gives it a new WriteID.
func (d *Document) Seal() {
	d.normalize()
	d.WriteID = strings.ToLower(rand.Text())[:16] + "." + d.digest()
}

// HandEdited reports whether the content differs from the content of the write with this WriteID.
// Log and Followers are not part of the content.
func (d *Document) HandEdited() bool {
	_, digest, ok := strings.Cut(d.WriteID, ".")
	return !ok || digest != d.digest()
}

// WriteHalf returns the random half of a WriteID.
func WriteHalf(writeID string) string {
	half, _, _ := strings.Cut(writeID, ".")
	return half
}

// digest covers everything but WriteID, Followers and Log, in 16 hexadecimal digits.
func (d *Document) digest() string {
	content := *d
	content.WriteID, content.Followers = "", nil
	b, err := json.Marshal(content)
	if err != nil {
		return "" // an instant outside the years of JSON, which Encode refuses
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
