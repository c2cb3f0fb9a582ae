package answer

import (
	"fmt"
	"net/url"
	"strings"
)

// maxAbout is the longest SiteName, Contact or StatusURL, in bytes.
const maxAbout = 256

// about is what answers say about the site: its name, and where visitors learn more.
type about struct {
	site       string
	contact    string // as text
	contactURL string // of the contact; "" if it is only text
	status     string // URL of the status page
}

// newAbout checks the name, the contact and the status page of o.
func newAbout(o Options, f *faults) about {
	a := about{site: o.SiteName, contact: o.Contact, status: o.StatusURL}
	for field, value := range map[string]string{"SiteName": o.SiteName, "Contact": o.Contact, "StatusURL": o.StatusURL} {
		switch {
		case len(value) > maxAbout:
			f.add(field, fmt.Sprintf("%d bytes", len(value)), fmt.Sprintf("want at most %d bytes", maxAbout))
		case cleanReason(value) != value || strings.ContainsAny(value, "\n\t"):
			f.add(field, value, "want one line of visible text, without blanks around it")
		}
	}
	if o.StatusURL != "" {
		newTarget("StatusURL", o.StatusURL, o.Exempt, f)
	}
	scheme, rest, _ := strings.Cut(o.Contact, ":")
	switch strings.ToLower(scheme) {
	case "mailto":
		u, err := url.Parse(o.Contact)
		a.contact, _, _ = strings.Cut(rest, "?")
		if a.contactURL = o.Contact; err != nil || !strings.Contains(a.contact, "@") || strings.ContainsAny(u.Opaque, " <>\"") {
			f.add("Contact", o.Contact, `want an address such as "mailto:help@example.com"`)
		}
	case "http", "https":
		a.contact, a.contactURL = bare(o.Contact), o.Contact
		newTarget("Contact", o.Contact, o.Exempt, f)
	}
	return a
}
