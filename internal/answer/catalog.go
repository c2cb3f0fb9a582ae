package answer

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/go-downtime/downtime/period"
)

// catalog holds the texts of all languages. It is immutable.
type catalog struct {
	languages []messages // the default language first, then by tag
	lookup    lookup
}

const (
	defaultLanguage = "en"

	maxCatalogFiles = 1000 // files and folders, so that a wrong root shows soon
)

// The texts promise nothing: an end is called expected, and an unknown end is called unknown.
//
//go:embed catalog/*.json
var catalogFiles embed.FS

// builtinTexts are the texts of the built-in catalogue by language and key.
var builtinTexts = sync.OnceValue(func() map[string]map[string]string {
	texts, errs := readCatalog(catalogFiles)
	if err := errors.Join(errs...); err != nil {
		panic("downtime: the built-in catalogue: " + err.Error()) // a test reads it
	}
	return texts
})

// builtinCatalog is the catalogue for Options without one.
var builtinCatalog = sync.OnceValue(func() *catalog {
	c, errs := buildCatalog(builtinTexts(), defaultLanguage)
	if errs != nil {
		panic("downtime: the built-in catalogue: " + errors.Join(errs...).Error()) // a test reads it
	}
	return c
})

// newCatalog is the built-in catalogue with the changes of o. A language of o that the built-in
// catalogue has, or that is a variant of such a language ("de-AT"), needs only the texts that
// differ. Another language must be complete. The error joins a [*period.FieldError] for each
// fault, with the fields Messages, Languages[i] and DefaultLanguage.
func newCatalog(o Options) (*catalog, error) {
	if o.Messages == nil && len(o.Languages) == 0 && o.DefaultLanguage == "" {
		return builtinCatalog(), nil
	}
	texts := maps.Clone(builtinTexts())
	var errs []error
	fault := func(field string, value any, problem string) {
		errs = append(errs, &period.FieldError{Field: field, Value: value, Problem: problem})
	}
	if o.Messages != nil {
		var own map[string]map[string]string
		if own, errs = readCatalog(o.Messages); len(own) == 0 && errs == nil {
			fault("Messages", nil, `has no *.json file; give a file for each language, such as "de.json"`)
		}
		for _, tag := range slices.SortedFunc(maps.Keys(own), byLength) { // "de" before "de-AT"
			merged := map[string]string{}
			maps.Copy(merged, nearest(texts, tag))
			maps.Copy(merged, own[tag])
			texts[tag] = merged
		}
	}
	first := cmp.Or(o.DefaultLanguage, defaultLanguage)
	if len(o.Languages) > 0 {
		first = cmp.Or(o.DefaultLanguage, o.Languages[0])
		chosen := map[string]map[string]string{}
		for i, tag := range o.Languages {
			if texts[tag] == nil {
				fault(fmt.Sprintf("Languages[%d]", i), tag, "want one of "+listed(texts))
				continue
			}
			chosen[tag] = texts[tag]
		}
		texts = chosen
	}
	if o.DefaultLanguage != "" && texts[first] == nil {
		fault("DefaultLanguage", o.DefaultLanguage, "want one of "+listed(texts)+`, or "" for the first of Languages or "`+defaultLanguage+`"`)
	}
	c, faults := buildCatalog(texts, first)
	if err := errors.Join(append(errs, faults...)...); err != nil {
		return nil, err
	}
	return c, nil
}

// buildCatalog is the catalogue of these texts by language and key, with the default language first.
func buildCatalog(texts map[string]map[string]string, first string) (c *catalog, errs []error) {
	tags := slices.Sorted(maps.Keys(texts))
	if i := slices.Index(tags, first); i > 0 {
		tags = slices.Insert(slices.Delete(tags, i, i+1), 0, first)
	}
	c = &catalog{lookup: newLookup(tags)}
	for _, tag := range tags {
		m, missing := newMessages(tag, texts[tag])
		if len(missing) > 0 {
			errs = append(errs, &period.FieldError{
				Field: "Messages", Value: tag + ".json",
				Problem: "lacks " + strings.Join(missing, ", ") + "; a language that is not built in must have every text",
			})
		}
		c.languages = append(c.languages, m)
	}
	if len(tags) > maxLanguages {
		errs = append(errs, &period.FieldError{
			Field: "Messages", Value: fmt.Sprintf("%d languages", len(tags)),
			Problem: fmt.Sprintf("want at most %d together with the built-in ones", maxLanguages),
		})
	}
	return c, errs
}

// nearest are the texts that answer a range such as tag, if they are of the same language; nil if
// there are none.
func nearest(texts map[string]map[string]string, tag string) map[string]string {
	found := newLookup(slices.Sorted(maps.Keys(texts)))
	l, ok := found.find(tag)
	if !ok {
		return nil
	}
	primary, _, _ := strings.Cut(tag, "-")
	if have, _, _ := strings.Cut(found.tags[l], "-"); have != primary {
		return nil // "nn" is answered in "nb", but is no variant of it
	}
	return texts[found.tags[l]]
}

func byLength(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

func listed(texts map[string]map[string]string) string {
	return strings.Join(slices.Sorted(maps.Keys(texts)), ", ")
}

// readCatalog reads every file *.json of fsys, in all folders, by language and key.
func readCatalog(fsys fs.FS) (texts map[string]map[string]string, errs []error) {
	texts = map[string]map[string]string{}
	fault := func(name, problem string) {
		errs = append(errs, &period.FieldError{Field: "Messages", Value: name, Problem: problem})
	}
	entries := 0
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if entries++; entries > maxCatalogFiles {
			return fmt.Errorf("more than %d files; give a folder that holds only the catalogue", maxCatalogFiles)
		}
		if err != nil || entry.IsDir() || path.Ext(name) != ".json" {
			return err
		}
		tag := strings.TrimSuffix(path.Base(name), ".json")
		if !period.IsLanguage(tag) {
			fault(name, `want the language as the name, a tag such as "de.json", "pt-BR.json" or "zh-Hant.json"`)
			return nil
		}
		if texts[tag] != nil {
			fault(name, "a second file for this language; give one")
			return nil
		}
		content, err := readSmall(fsys, name)
		if err != nil {
			return err
		}
		var problems []string
		if texts[tag], problems = parseCatalogFile(content); problems != nil {
			fault(name, strings.Join(problems, "; "))
		}
		return nil
	})
	if err != nil {
		fault("", "cannot be read: "+err.Error())
	}
	return texts, errs
}
