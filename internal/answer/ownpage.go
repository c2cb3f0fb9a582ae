package answer

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// ownPage is the page of Options, checked. The zero value stands for the built-in page.
type ownPage struct {
	template *template.Template
	data     func(Page) any
	bytes    []byte
	csp      string
	frames   string // who may show the built-in page in a frame, as a value of a policy
}

// newOwnPage checks the page of o. It executes a template with every field set and with
// as few as possible, so that a fault shows now and not during downtime. data is the data of a page.
// sample is the page of some downtimes; nil for the built-in page.
func newOwnPage(o Options, data func(f Facts, sent bool) Page, f *faults) (own ownPage, sample []byte) {
	own = ownPage{template: o.Template, data: o.TemplateData, bytes: slices.Clone(o.Bytes), csp: o.CSP}
	sample = own.bytes
	if own.data == nil {
		own.data = func(p Page) any { return p }
	}
	if o.Template != nil && o.Bytes != nil {
		f.add("PageBytes", fmt.Sprintf("%d bytes", len(o.Bytes)), "not together with PageTemplate; give one of them")
	}
	if o.Bytes != nil {
		switch {
		case len(o.Bytes) == 0:
			f.add("PageBytes", nil, "is empty; give the page, or nil for the built-in one")
		case !utf8.Valid(o.Bytes):
			f.add("PageBytes", fmt.Sprintf("%d bytes", len(o.Bytes)), "want UTF-8, which is what the page is sent as")
		}
	}
	if own.template != nil {
		if t, err := own.template.Clone(); err == nil { // fails after an execution
			own.template = t // the caller may still change the original
		}
		now := time.Now()
		for _, p := range []Page{
			data(Facts{Kind: "planned", Reason: "Moving to a larger database", Since: now, Until: now.Add(time.Hour)}, true),
			data(Facts{Kind: "starting"}, false),
		} {
			page, err := execute(own.template, own.data(p))
			if err != nil {
				f.add("PageTemplate", own.template.Name(), "cannot be executed with PageData: "+err.Error())
				break
			}
			sample = append(sample, page...)
		}
	}
	if own.csp != "" {
		if o.Template == nil && o.Bytes == nil {
			f.add("PageCSP", own.csp, "only together with PageTemplate or PageBytes; the built-in page has its own")
		}
		if strings.IndexFunc(own.csp, func(r rune) bool { return r < 0x20 || r > 0x7e }) >= 0 {
			f.add("PageCSP", own.csp, "want printable ASCII, in one line")
		}
	}
	return own, sample
}

// builtin reports whether the page is the built-in one.
func (own *ownPage) builtin() bool { return own.bytes == nil && own.template == nil }

// render returns the page and its policy, "" for none. An error is the template's; the
// page is then the built-in one.
func (own *ownPage) render(p Page) (page []byte, csp string, err error) {
	if own.bytes != nil {
		return own.bytes, own.csp, nil
	}
	if own.template != nil {
		if page, err = execute(own.template, own.data(p)); err == nil {
			return page, own.csp, nil
		}
		err = fmt.Errorf("PageTemplate failed, so the built-in page is sent: %w", err)
	}
	b := builtin()
	return b.render(p), b.csp + own.frames, err
}
