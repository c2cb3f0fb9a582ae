//go:build !fileonly

package main

import (
	"errors"
	"maps"
	"net/url"
	"os"
	"regexp"
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

// parseLocation takes our parameters out of the URL of a store. "app" is always one of them, and
// required.
func parseLocation(text, form string, params ...string) (location, error) {
	l, err := parseDatabase(text, form, params...)
	if err == nil {
		err = l.named()
	}
	return l, err
}

// named returns an error if the URL of a store names no application.
func (l location) named() error {
	if l.ours["app"] == "" {
		return fault("which application? Its name is missing; want " + l.form)
	}
	return nil
}

// parseDatabase is parseLocation, except that "app" may be missing. No error repeats a part of text
// that can be a password.
func parseDatabase(text, form string, params ...string) (location, error) {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.Fragment != "" {
		return location{}, fault("is not a URL; want " + form)
	}
	if strings.Contains(u.EscapedPath()+"?"+u.RawQuery, "@") { // the rest of a password with a slash
		return location{}, fault("has @ after the host; write / ? # and @ as %2F %3F %23 and %40; want " + form)
	}
	l := location{URL: u, form: form, ours: map[string]string{}}
	rest, err := l.take(u.RawQuery, append(params, "app"))
	if err != nil {
		return location{}, err
	}
	u.RawQuery = rest.Encode()
	return l, nil
}

// take takes our parameters out of a query, and returns the rest.
func (l location) take(query string, params []string) (rest url.Values, err error) {
	values, err := url.ParseQuery(query)
	strange := func(name string) bool { return !parameterName.MatchString(name) }
	if err != nil || slices.ContainsFunc(slices.Collect(maps.Keys(values)), strange) {
		return nil, fault("its parameters cannot be read; want " + l.form)
	}
	for _, name := range params {
		given := values[name]
		values.Del(name)
		if len(given) > 1 || (len(given) == 1 && given[0] == "") {
			return nil, fault(name + ": want it once, and not empty; want " + l.form)
		}
		if len(given) == 1 {
			l.ours[name] = given[0]
		}
	}
	return values, nil
}

// parameterName is what can be the name of a parameter.
var parameterName = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)

// with is the URL with another query.
func (l location) with(query string) string {
	u := *l.URL
	u.RawQuery = query
	return u.String()
}

// blame names the parameter with which parse fails. parse takes a query. The error text of a
// driver is not shown, because it can repeat a password that is in a wrong place.
func (l location) blame(parse func(query string) error) error {
	if parse("") != nil {
		return fault("the driver refuses its host, port or database; want " + l.form)
	}
	values := l.Query()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if parse(url.Values{name: values[name]}.Encode()) != nil {
			return fault(name + ": the driver refuses it; want " + l.form)
		}
	}
	return fault("the driver refuses its parameters together; want " + l.form)
}

// password is the password of the URL, else that of the environment; "" if neither has one.
func (l location) password() string {
	if password, ok := l.User.Password(); ok {
		return password
	}
	return os.Getenv(envPassword)
}

// refused is the error of a store's constructor, in words of the URL: fields are the
// constructor's names for our parameters.
func refused(err error, fields map[string]string) error {
	e, ok := errors.AsType[*store.FieldError](err)
	if !ok {
		return err
	}
	if param := fields[e.Field]; param != "" {
		return &store.FieldError{Field: "store", Value: e.Value, Problem: param + ": " + e.Problem}
	}
	return fault(e.Error())
}

// fault is wrong usage.
func fault(problem string) error { return &store.FieldError{Field: "store", Problem: problem} }
