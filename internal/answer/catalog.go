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
	var f faults
	texts := readCatalog(catalogFiles, &f)
	f.ofBuiltin()
	return texts
})

// builtinCatalog is the catalogue for Options without one.
var builtinCatalog = sync.OnceValue(func() *catalog {
	var f faults
	c := buildCatalog(builtinTexts(), defaultLanguage, &f)
	f.ofBuiltin()
	return c
})

// ofBuiltin panics if there is a fault. A test reads the built-in catalogue.
func (f *faults) ofBuiltin() {
	if err := errors.Join(*f...); err != nil {
		panic("downtime: the built-in catalogue: " + err.Error())
	}
}

// newCatalog is the built-in catalogue with the changes of o. A language of o that the built-in
// catalogue has, or that is a variant of such a language ("de-AT"), needs only the texts that
// differ. Another language must be complete. The faults have the fields Messages, Languages[i] and
// DefaultLanguage. Beside a fault, newCatalog returns the built-in catalogue.
func newCatalog(o Options, f *faults) *catalog {
	if o.Messages == nil && len(o.Languages) == 0 && o.DefaultLanguage == "" {
		return builtinCatalog()
	}
	texts, before := maps.Clone(builtinTexts()), len(*f)
	if o.Messages != nil {
		own := readCatalog(o.Messages, f)
		if len(own) == 0 && len(*f) == before {
			f.add("Messages", nil, `has no *.json file; give a file for each language, such as "de.json"`)
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
				f.add(fmt.Sprintf("Languages[%d]", i), tag, "want one of "+listed(texts))
				continue
			}
			chosen[tag] = texts[tag]
		}
		texts = chosen
	}
	if o.DefaultLanguage != "" && texts[first] == nil {
		f.add("DefaultLanguage", o.DefaultLanguage, "want one of "+listed(texts)+`, or "" for the first of Languages or "`+defaultLanguage+`"`)
	}
	c := buildCatalog(texts, first, f)
	if len(*f) > before {
		return builtinCatalog()
	}
	return c
}

// buildCatalog is the catalogue of these texts by language and key, with the default language first.
func buildCatalog(texts map[string]map[string]string, first string, f *faults) *catalog {
	tags := slices.Sorted(maps.Keys(texts))
	if i := slices.Index(tags, first); i > 0 {
		tags = slices.Insert(slices.Delete(tags, i, i+1), 0, first)
	}
	c := &catalog{lookup: newLookup(tags)}
	for _, tag := range tags {
		m, missing := newMessages(tag, texts[tag])
		if len(missing) > 0 {
			f.add("Messages", tag+".json", "lacks "+strings.Join(missing, ", ")+"; a language that is not built in must have every text")
		}
		c.languages = append(c.languages, m)
	}
	if len(tags) > maxLanguages {
		f.add("Messages", fmt.Sprintf("%d languages", len(tags)), fmt.Sprintf("want at most %d together with the built-in ones", maxLanguages))
	}
	return c
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
func readCatalog(fsys fs.FS, f *faults) map[string]map[string]string {
	texts := map[string]map[string]string{}
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
			f.add("Messages", name, `want the language as the name, a tag such as "de.json", "pt-BR.json" or "zh-Hant.json"`)
			return nil
		}
		if texts[tag] != nil {
			f.add("Messages", name, "a second file for this language; give one")
			return nil
		}
		content, err := readSmall(fsys, name)
		if err != nil {
			return err
		}
		var problems []string
		if texts[tag], problems = parseCatalogFile(content); problems != nil {
			f.add("Messages", name, strings.Join(problems, "; "))
		}
		return nil
	})
	if err != nil {
		f.add("Messages", "", "cannot be read: "+err.Error())
	}
	return texts
}
