package answer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxCatalogFile = 64 << 10 // bytes
	maxCatalogText = 500      // bytes
)

// readSmall reads a file of at most maxCatalogFile bytes.
func readSmall(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, maxCatalogFile+1))
	if err == nil && len(content) > maxCatalogFile {
		err = fmt.Errorf("%s is larger than %d KiB, which no language needs", name, maxCatalogFile>>10)
	}
	return content, errors.Join(err, f.Close())
}

// parseCatalogFile reads the texts of one language: an object of strings and of further objects.
// The key of a text in an inner object is "kinds.planned.heading". Problems name the keys.
func parseCatalogFile(content []byte) (texts map[string]string, problems []string) {
	if !utf8.Valid(content) {
		return nil, []string{"is not UTF-8"}
	}
	texts = map[string]string{}
	d := json.NewDecoder(bytes.NewReader(content))
	if err := flatten(d, "", texts); err != nil {
		return nil, []string{err.Error()}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, []string{"has more than one value; want one object"}
	}
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		if problem := textProblem(key, texts[key]); problem != "" {
			problems = append(problems, key+" "+problem)
		}
	}
	return texts, problems
}

// flatten reads the next value of d, a string or an object, into texts.
func flatten(d *json.Decoder, key string, texts map[string]string) error {
	token, err := d.Token()
	if err != nil {
		return fmt.Errorf("is not JSON at byte %d: %w", d.InputOffset(), err)
	}
	if text, ok := token.(string); ok && key != "" {
		if _, twice := texts[key]; twice {
			return fmt.Errorf("has %s twice; want one", key)
		}
		texts[key] = text
		return nil
	}
	if token != json.Delim('{') {
		if key == "" {
			return errors.New("the file is not an object of texts")
		}
		return fmt.Errorf("%s is not a text or an object of texts", key)
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return fmt.Errorf("is not JSON at byte %d: %w", d.InputOffset(), err)
		}
		name, _ := token.(string) // the decoder allows nothing else
		if strings.Contains(name, ".") {
			return fmt.Errorf("has %q as a name; want an object for each part", name)
		}
		if key != "" {
			name = key + "." + name
		}
		if strings.Count(name, ".") > 2 {
			return fmt.Errorf("%s is no key of a catalogue", name)
		}
		if err := flatten(d, name, texts); err != nil {
			return err
		}
	}
	_, err = d.Token() // the end of the object
	return err
}

// textProblem says why a catalogue cannot hold this text; "" if it can.
func textProblem(key, text string) string {
	switch {
	case !isKey(key):
		return "is no key of a catalogue; want " + strings.Join([]string{keyReviewedBy, keyDirection, keyColon, keyUnavailable}, ", ") +
			", text.KEY or kinds.KIND.KEY, with KIND " + strings.Join(kinds, ", ") + " and KEY " + strings.Join(textKeys, ", ")
	case key == keyReviewedBy && text == "":
		return ""
	case key == keyDirection && text != "ltr" && text != "rtl":
		return `is not a direction; want "ltr" or "rtl"`
	case strings.TrimSpace(text) == "":
		return "is empty; leave it out to keep the built-in text"
	case key != keyColon && strings.TrimSpace(text) != text:
		return "begins or ends with space; remove it"
	case len(text) > maxCatalogText:
		return fmt.Sprintf("has %d bytes; want at most %d", len(text), maxCatalogText)
	case strings.ContainsAny(text, "<>"):
		return "holds < or >; texts are plain, and markup would show"
	case strings.ContainsFunc(text, forbidden):
		return "holds a control character or an invisible one; remove it"
	}
	return ""
}

// forbidden reports whether r has no place in a text. The joiners stay, which Persian needs.
func forbidden(r rune) bool {
	return unicode.IsControl(r) || r == 0x2028 || r == 0x2029 || (invisible(r) && !joiner(r))
}
