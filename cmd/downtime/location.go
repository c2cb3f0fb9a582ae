package main

import (
	"errors"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/go-downtime/downtime/store"
)

// envPassword is the password of a store whose URL has none.
const envPassword = "DOWNTIME_STORE_PASSWORD"

// location is the URL of a shared store, taken apart.
type location struct {
	*url.URL // without our parameters; it may hold a password

	form string
	ours map[string]string
}

// parseLocation takes our parameters out of text. "app" is always one of them, and required.
// No error shows a password.
func parseLocation(text, form string, params ...string) (location, error) {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.Fragment != "" {
		return location{}, fault("is not a URL; want " + form)
	}
	l := location{URL: u, form: form, ours: map[string]string{}}
	rest, err := l.take(u.RawQuery, append(params, "app"))
	if err != nil {
		return location{}, err
	}
	u.RawQuery = rest
	return l, nil
}

// take takes our parameters out of a query, and returns the rest.
func (l location) take(query string, params []string) (rest string, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", fault("its parameters cannot be read; want " + l.form)
	}
	for _, name := range params {
		given := values[name]
		values.Del(name)
		if len(given) > 1 || (len(given) == 1 && given[0] == "") {
			return "", fault(name + ": want it once, and not empty; want " + l.form)
		}
		if len(given) == 1 {
			l.ours[name] = given[0]
		}
	}
	if l.ours["app"] == "" {
		return "", fault("which application? Its name is missing; want " + l.form)
	}
	return values.Encode(), nil
}

// host is where the server is, with the port if there is one.
func (l location) host(otherwise string) string {
	if l.Host == "" {
		return otherwise
	}
	return l.Host
}

// password is what the URL says, else the environment; "" if neither does.
func (l location) password() string {
	if password, ok := l.User.Password(); ok {
		return password
	}
	return os.Getenv(envPassword)
}

// refused is the error of a store's constructor, in words of the URL: fields are the
// constructor's names for our parameters.
func refused(err error, fields map[string]string) error {
	var e *store.FieldError
	if !errors.As(err, &e) {
		return err
	}
	if param := fields[e.Field]; param != "" {
		return &store.FieldError{Field: "store", Value: e.Value, Problem: param + ": " + e.Problem}
	}
	return fault(e.Error())
}

// fault is wrong usage.
func fault(problem string) error { return &store.FieldError{Field: "store", Problem: problem} }

// withoutSecrets is the problem that a driver has with a URL, if it does not repeat a
// secret.
func withoutSecrets(err error, secrets ...string) string {
	text := err.Error()
	if slices.ContainsFunc(secrets, func(s string) bool { return s != "" && strings.Contains(text, s) }) {
		return "the driver refuses it"
	}
	return text
}
