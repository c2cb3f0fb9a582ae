package proxyfiles

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/go-downtime/downtime/internal/answer"
)

// Proxies are the values of [Make]'s proxy.
var Proxies = []string{"html", "nginx", "haproxy", "caddy"}

// File is a file to write.
type File struct {
	Name    string
	Content []byte
}

// Set are the files for a proxy.
type Set struct {
	Files  []File
	Config string // the name of the configuration; "" for html
	Policy string // the Content-Security-Policy of the page
}

// Switch is the name of the file that makes nginx and Caddy send the refusal for every request.
const Switch = "down"

// Make makes the files for a proxy that reads them in dir, an absolute path. facts.Kind may be
// [answer.Unreachable]. lang is one of the languages of settings; "" lets each visitor have an own one.
func Make(proxy, dir string, settings *answer.Settings, facts answer.Facts, lang string) (Set, error) {
	if proxy == "html" {
		s := settings.Standin(facts, lang, false, false)
		return Set{Files: []File{{"downtime.html", s.Page}}, Policy: s.Policy}, nil
	}
	if !plainPath(dir) {
		return Set{}, fmt.Errorf("the directory %q stands in the configuration of the proxy: want an absolute path of letters, digits and /._-+@", dir)
	}
	switch proxy {
	case "nginx":
		return files("nginx.conf", dir, settings, facts, lang)
	case "caddy":
		return files("Caddyfile", dir, settings, facts, lang)
	case "haproxy":
		return haproxy(dir, settings, facts, lang)
	}
	return Set{}, fmt.Errorf("%q: want %s", proxy, strings.Join(Proxies, ", "))
}

// plainPath reports whether dir needs no quotes in any configuration.
func plainPath(dir string) bool {
	return strings.HasPrefix(dir, "/") && strings.Trim(strings.ToLower(dir), "abcdefghijklmnopqrstuvwxyz0123456789/._-+@") == ""
}

//go:embed nginx.conf haproxy.cfg Caddyfile
var configs embed.FS

var templates = template.Must(template.ParseFS(configs, "*"))

// variables are what a configuration holds besides its text.
type variables struct {
	Dir       string
	Switch    string
	Kind      string
	Retry     int    // seconds
	Policy    string // with frame-ancestors
	Language  string // of every answer; "" means that it depends on the visitor; of haproxy: the default
	Languages string // of haproxy: the names of all languages
	Codes     []int  // of haproxy: the errors that are replaced
}

// with adds the configuration with this name, in which v has set what differs between proxies.
func (s Set) with(name, dir string, facts answer.Facts, v variables) (Set, error) {
	v.Dir, v.Switch, v.Kind, v.Retry = dir, Switch, facts.Kind, int(answer.StandinRetry/time.Second)
	v.Policy = s.Policy + "; frame-ancestors 'none'"
	var b bytes.Buffer
	err := templates.ExecuteTemplate(&b, name, v)
	s.Files, s.Config = append(s.Files, File{name, b.Bytes()}), name
	return s, err
}

// files are the files of a proxy that sends files: one for each form, for requests that sent
// something and for others.
func files(name, dir string, settings *answer.Settings, facts answer.Facts, lang string) (Set, error) {
	var set Set
	for suffix, sent := range map[string]bool{"": false, "-sent": true} {
		s := settings.Standin(facts, lang, sent, false)
		set.Policy = s.Policy // the same for both
		set.Files = append(set.Files, File{"page" + suffix + ".html", s.Page}, File{"problem" + suffix + ".json", s.Problem}, File{"text" + suffix + ".txt", s.Text})
	}
	slices.SortFunc(set.Files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return set.with(name, dir, facts, variables{Language: lang})
}

// maxHAProxy is the longest line of a map. HAProxy reads a line into a buffer of tune.bufsize bytes
// (16,384), and an answer must fit into one, with its headers.
const maxHAProxy = 15_000

// haproxy has no files to send. It keeps the refusals in a map, whose keys are form, "-sent" for a
// request that sent something, and language.
func haproxy(dir string, settings *answer.Settings, facts answer.Facts, lang string) (Set, error) {
	names := settings.LanguageNames()
	first := settings.Languages()[0]
	if lang != "" {
		first, names = lang, map[string]string{strings.ToLower(lang): lang}
	}
	var set Set
	var lines bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(&lines, "language-%s %s\n", name, names[name])
		for suffix, sent := range map[string]bool{"": false, "-sent": true} {
			s := settings.Standin(facts, names[name], sent, true)
			set.Policy = s.Policy
			for form, body := range map[string][]byte{"page": s.Page, "problem": s.Problem, "text": s.Text} {
				if len(body) > maxHAProxy {
					return Set{}, fmt.Errorf("the page in the language %s has %d bytes, and HAProxy takes %d: shorten the reason", names[name], len(body), maxHAProxy)
				}
				fmt.Fprintf(&lines, "%s%s-%s %s\n", form, suffix, name, body)
			}
		}
	}
	sorted := slices.Sorted(strings.Lines(lines.String()))
	set.Files = []File{{"answers.map", []byte(strings.Join(sorted, ""))}}
	// HAProxy takes the first name that is a prefix of a range, so the longer names come first.
	byLength := func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) }
	return set.with("haproxy.cfg", dir, facts, variables{
		Language: strings.ToLower(first), Languages: strings.Join(slices.SortedFunc(maps.Keys(names), byLength), ";"), Codes: []int{502, 503, 504},
	})
}
