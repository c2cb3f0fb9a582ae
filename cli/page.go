package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/internal/answer"
	"github.com/go-downtime/downtime/internal/proxyfiles"
	"github.com/go-downtime/downtime/period"
)

// pageFlags are the flags of page.
type pageFlags struct {
	proxy, output, installed, reason, until, lang string
	siteName, contact, statusURL                  string
	emergency, force                              bool
}

func (a *app) pageCommand() *cobra.Command {
	var o pageFlags
	cmd := a.newCommand("page", "page --for html|nginx|haproxy|caddy [flags]", a.args(0, 0))
	f := cmd.Flags()
	f.StringVar(&o.proxy, "for", "", "`PROXY` that reads the files: nginx, haproxy, caddy, or html for any other one")
	f.StringVar(&o.output, "output", "downtime-page", "write the files into `DIR`, which is created if it is missing")
	f.StringVar(&o.installed, "installed-in", "", "the proxy reads the files in `DIR`, an absolute path (else that of --output)")
	f.StringVar(&o.reason, "reason", "", "`TEXT` for visitors")
	f.StringVar(&o.until, "until", "", "expected to be over at `TIME`")
	f.BoolVar(&o.emergency, "emergency", false, "the downtime was not planned")
	f.StringVar(&o.lang, "lang", "", "only in `LANGUAGE`, such as de or pt-BR (else in the language of each visitor)")
	f.StringVar(&o.siteName, "site-name", "", "`NAME` of the site")
	f.StringVar(&o.contact, "contact", "", "`CONTACT` of the site: mailto:help@example.com, a URL, or a text")
	f.StringVar(&o.statusURL, "status-url", "", "`URL` of a status page, on another site")
	f.BoolVar(&o.force, "force", false, "replace files that exist")
	_ = cmd.RegisterFlagCompletionFunc("for", cobra.FixedCompletions(proxyfiles.Proxies, cobra.ShellCompDirectiveNoFileComp)) // it fails only for an unknown flag
	_ = cmd.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions(pageSettings().Languages(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.MarkFlagDirname("output")
	return a.finish(cmd, func(cmd *cobra.Command, _ []string) error { return a.page(cmd, o) })
}

// pageSettings are the settings without flags.
func pageSettings() *answer.Settings {
	s, err := answer.New(answer.Options{})
	if err != nil {
		panic(err) // the zero value is valid
	}
	return s
}

func (a *app) page(cmd *cobra.Command, o pageFlags) error {
	if !slices.Contains(proxyfiles.Proxies, o.proxy) {
		return usagef("--for: %q: want one of %s", o.proxy, strings.Join(proxyfiles.Proxies, ", "))
	}
	settings, err := o.settings()
	if err != nil {
		return err
	}
	v, err := a.view(cmd)
	if err != nil {
		return err
	}
	facts, err := o.facts(v.zones)
	if err != nil {
		return err
	}
	output, err := filepath.Abs(o.output)
	if err != nil {
		return err
	}
	dir := cmp.Or(o.installed, filepath.ToSlash(output))
	set, err := proxyfiles.Make(o.proxy, dir, settings, facts, o.lang)
	if err != nil {
		return usagef("%v", err)
	}
	var files []newFile
	for _, f := range set.Files {
		files = append(files, newFile{f.Name, f.Content})
	}
	if err := writeNew(output, files, o.force); err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	for _, f := range set.Files {
		fmt.Fprintf(w, label, "wrote", safe(filepath.Join(output, f.Name)))
	}
	o.next(w, facts.Kind, dir, output, set)
	return nil
}

// next says what to do with the files in output, which the proxy reads in dir.
func (o pageFlags) next(w io.Writer, kind, dir, output string, set proxyfiles.Set) {
	step := func(word, text string) { fmt.Fprintf(w, label, word, safe(text)) }
	if o.installed != "" {
		step("copy", "the files into "+dir+" on the machine of the proxy")
	}
	config := dir + "/" + set.Config
	switch o.proxy {
	case "html":
		step("next", "let your proxy send "+set.Files[0].Name+" with the status 503 and these headers:")
		step("", fmt.Sprintf("Retry-After: %d", int(answer.StandinRetry/time.Second)))
		step("", "Cache-Control: no-store")
		step("", "Content-Type: text/html; charset=utf-8")
		step("", "Downtime: down;kind="+kind)
		step("", "Content-Security-Policy: "+set.Policy)
	case "nginx":
		step("next", "add this line to each server block of the application:")
		step("", "include "+config+";")
		step("", "write max_fails=0 behind each server of its upstream block")
		step("", "nginx -t && nginx -s reload")
		o.switched(step, dir)
	case "caddy":
		step("next", "add this line to each site of the application:")
		step("", "import "+config)
		step("", "caddy reload --config /etc/caddy/Caddyfile")
		o.switched(step, dir)
	case "haproxy":
		step("next", "copy the lines of this file into each backend of the application:")
		step("", shellWord(filepath.Join(output, set.Config)))
		step("", "give each server \"check\", with \"option httpchk GET PATH\" for an exempt path")
		step("", "haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy")
	}
	step("try", "stop the application, and: curl -i -H 'Accept: text/html' http://localhost/")
}

func (o pageFlags) switched(step func(word, text string), dir string) {
	step("force", "touch "+dir+"/"+proxyfiles.Switch+" sends the answer for every request, until you remove that file")
}

// settings are the settings that the flags ask for.
func (o pageFlags) settings() (*answer.Settings, error) {
	for flag, target := range map[string]string{"--contact": o.contact, "--status-url": o.statusURL} {
		if strings.HasPrefix(target, "/") {
			return nil, usagef("%s: %q: is a path of the site, which does not answer then: want a URL of another site", flag, target)
		}
	}
	options := answer.Options{SiteName: o.siteName, Contact: o.contact, StatusURL: o.statusURL}
	if o.lang != "" {
		options.Languages = []string{o.lang}
	}
	s, err := answer.New(options)
	if wrong, ok := errors.AsType[*period.FieldError](err); ok {
		flag := map[string]string{"SiteName": "--site-name", "Contact": "--contact", "StatusURL": "--status-url"}
		return nil, usagef("%s: %q: %s", cmp.Or(flag[wrong.Field], "--lang"), fmt.Sprint(wrong.Value), wrong.Problem)
	}
	return s, err
}

// facts are the facts that the answer tells.
func (o pageFlags) facts(z zones) (answer.Facts, error) {
	f := answer.Facts{Kind: answer.Unreachable, Reason: o.reason}
	if len(o.reason) > period.MaxReasonLen {
		return f, usagef("--reason: has %d bytes: want at most %d", len(o.reason), period.MaxReasonLen)
	}
	if o.until != "" {
		until, err := z.parse(o.until, time.Time{}, func() (time.Time, error) { return time.Now(), nil })
		if err != nil {
			return f, usagef("--until: %v", err)
		}
		if !until.After(time.Now()) {
			return f, usagef("--until: %s has passed", clock(until, z.loc))
		}
		f.Until = until
	}
	switch {
	case o.emergency:
		f.Kind = "emergency"
	case o.reason != "" || o.until != "":
		f.Kind = "planned"
	}
	return f, nil
}
