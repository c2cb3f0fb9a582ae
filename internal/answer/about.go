package answer

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-downtime/downtime/period"
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
func newAbout(o Options) (about, error) {
	a := about{site: o.SiteName, contact: o.Contact, status: o.StatusURL}
	var errs []error
	for field, value := range map[string]string{"SiteName": o.SiteName, "Contact": o.Contact, "StatusURL": o.StatusURL} {
		switch {
		case len(value) > maxAbout:
			errs = append(errs, &period.FieldError{Field: field, Value: fmt.Sprintf("%d bytes", len(value)), Problem: fmt.Sprintf("want at most %d bytes", maxAbout)})
		case cleanReason(value) != value || strings.ContainsAny(value, "\n\t"):
			errs = append(errs, &period.FieldError{Field: field, Value: value, Problem: "want one line of visible text, without blanks around it"})
		}
	}
	if o.StatusURL != "" {
		if _, err := newTarget("StatusURL", o.StatusURL, o.Exempt); err != nil {
			errs = append(errs, err)
		}
	}
	scheme, rest, _ := strings.Cut(o.Contact, ":")
	switch strings.ToLower(scheme) {
	case "mailto":
		u, err := url.Parse(o.Contact)
		a.contact, _, _ = strings.Cut(rest, "?")
		if a.contactURL = o.Contact; err != nil || !strings.Contains(a.contact, "@") || strings.ContainsAny(u.Opaque, " <>\"") {
			errs = append(errs, &period.FieldError{Field: "Contact", Value: o.Contact, Problem: `want an address such as "mailto:help@example.com"`})
		}
	case "http", "https":
		a.contact, a.contactURL = bare(o.Contact), o.Contact
		if _, err := newTarget("Contact", o.Contact, o.Exempt); err != nil {
			errs = append(errs, err)
		}
	}
	return a, errors.Join(errs...)
}
