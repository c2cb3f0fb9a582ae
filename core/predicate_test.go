package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
)

func always(name string) Predicate {
	return Func(name, func(context.Context, *http.Request) bool { return true })
}

func never(name string) Predicate {
	return Func(name, func(context.Context, *http.Request) bool { return false })
}

func panics(name string) Predicate {
	return Func(name, func(context.Context, *http.Request) bool { panic("boom") })
}

func getRequest(tb testing.TB, target string) *http.Request {
	tb.Helper()
	return httptest.NewRequestWithContext(tb.Context(), http.MethodGet, target, nil)
}

// requireAllows asks p with the request's own context.
func requireAllows(tb testing.TB, want bool, p Predicate, r *http.Request) {
	tb.Helper()
	yes, panicked := p.allows(r.Context(), r, nil)
	require.Nil(tb, panicked)
	require.Equal(tb, want, yes)
}

// faultLines are the faults that a Config would show for its predicate 1, a line each.
func faultLines(p Predicate) []string {
	err := p.fault("Bypass[1]")
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func TestPredicateFaults(t *testing.T) {
	t.Parallel()
	yes := func(context.Context, *http.Request) bool { return true }
	isTrue := func(b bool) bool { return b }
	for name, tc := range map[string]struct {
		p    Predicate
		want []string // how each line begins; nil means that there is no fault
	}{
		"a function":                 {Func("staff", yes), nil},
		"a context value":            {ContextValue("staff", "user", isTrue), nil},
		"a group in a group":         {Any("a", All("b", always("c"))), nil},
		"the zero Predicate":         {Predicate{}, []string{"Bypass[1]: is the zero Predicate"}},
		"no name":                    {Func("", yes), []string{"Bypass[1].Name: is blank"}},
		"a blank name":               {Func(" \t", yes), []string{`Bypass[1].Name: " \t": is blank`}},
		"a name with a line feed":    {Func("a\nb", yes), []string{`Bypass[1].Name: "a\nb": want UTF-8`}},
		"a name that is not UTF-8":   {Func("\xff", yes), []string{`Bypass[1].Name: "\xff": want UTF-8`}},
		"a name without end":         {Func(strings.Repeat("a", 257), yes), []string{`Bypass[1].Name: "257 bytes": want at most 256`}},
		"no function":                {Func("staff", nil), []string{"Bypass[1].Func: is nil"}},
		"no key":                     {ContextValue("staff", nil, isTrue), []string{"Bypass[1].Key: is nil"}},
		"a key that is a slice":      {ContextValue("staff", []string{"x"}, isTrue), []string{`Bypass[1].Key: "[]string": cannot be compared`}},
		"a key that hides a slice":   {ContextValue("staff", [1]any{[]int{}}, isTrue), []string{`Bypass[1].Key: "[1]interface {}": cannot be compared`}},
		"no question to the value":   {ContextValue[bool]("staff", "user", nil), []string{"Bypass[1].OK: is nil"}},
		"everything at once":         {ContextValue[bool]("", nil, nil), []string{"Bypass[1].Name:", "Bypass[1].Key:", "Bypass[1].OK:"}},
		"any without members":        {Any("x"), []string{"Bypass[1].Any: is empty"}},
		"all without members":        {All("x"), []string{"Bypass[1].All: is empty"}},
		"a group without a name":     {Any("", always("x")), []string{"Bypass[1].Name: is blank"}},
		"the zero Predicate inside":  {All("x", always("y"), Predicate{}), []string{"Bypass[1].All[1]: is the zero Predicate"}},
		"a fault inside of a group":  {All("x", Func("y", nil)), []string{"Bypass[1].All[0].Func: is nil"}},
		"a fault deep inside":        {Any("x", always("y"), All("z", Func("", yes))), []string{"Bypass[1].Any[1].All[0].Name: is blank"}},
		"several faults in a group":  {Any("x", Func("", nil), Any("y")), []string{"Bypass[1].Any[0].Name:", "Bypass[1].Any[0].Func:", "Bypass[1].Any[1].Any:"}},
		"an empty group in a group":  {All("x", All("y")), []string{"Bypass[1].All[0].All: is empty"}},
		"a key predicate in a group": {Any("x", APIKeyHeader("X-Key")), []string{"Bypass[1].Any[0].Keys: is empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := faultLines(tc.p)
			require.Len(t, lines, len(tc.want), "%q", lines)
			for i, want := range tc.want {
				require.True(t, strings.HasPrefix(lines[i], want), "%q", lines[i])
			}
			if len(tc.want) == 0 {
				return
			}
			for _, fault := range fieldErrors(t, tc.p.fault("Bypass[1]")) {
				require.NotEmpty(t, fault.Problem)
			}
			ctx := context.WithValue(t.Context(), "user", true) //nolint:revive,staticcheck // string keys are what gin and echo have
			granted, panicked := tc.p.allows(ctx, getRequest(t, "/"), nil)
			require.Nil(t, panicked)
			require.False(t, granted, "a predicate with a fault lets no request pass")
		})
	}
}

func TestPredicateName(t *testing.T) {
	t.Parallel()
	require.Equal(t, "staff", always("staff").Name())
	require.Equal(t, "staff", always("staff").String())
	require.Equal(t, `core.Predicate("staff")`, fmt.Sprintf("%#v", always("staff")))
	require.Equal(t, "staff", Any("staff", always("x")).Name())
	require.Empty(t, Predicate{}.Name())
}

func TestPredicateAllows(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		p        Predicate
		want     bool
		panicked any
	}{
		"yes":                                   {always("x"), true, nil},
		"no":                                    {never("x"), false, nil},
		"a panic means no":                      {panics("x"), false, "boom"},
		"any, of which one says yes":            {Any("x", never("a"), always("b")), true, nil},
		"any, and every member says no":         {Any("x", never("a"), never("b")), false, nil},
		"any stops at the first yes":            {Any("x", always("a"), panics("b")), true, nil},
		"any with a panic before the yes":       {Any("x", panics("a"), always("b")), false, "boom"},
		"all, which say yes":                    {All("x", always("a"), always("b")), true, nil},
		"all, of which one says no":             {All("x", always("a"), never("b")), false, nil},
		"all stops at the first no":             {All("x", never("a"), panics("b")), false, nil},
		"all with a panic after a yes":          {All("x", always("a"), panics("b")), false, "boom"},
		"a panic two groups deep":               {Any("x", All("y", panics("z")), always("b")), false, "boom"},
		"all of any":                            {All("x", Any("y", never("a"), always("b")), always("c")), true, nil},
		"any of all":                            {Any("x", All("y", always("a"), never("b")), never("c")), false, nil},
		"the zero Predicate":                    {Predicate{}, false, nil},
		"a faulty member is not asked":          {Any("x", Predicate{}, always("a")), false, nil},
		"a group with a fault but a yes inside": {Any("", always("a")), false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := getRequest(t, "/")
			yes, panicked := tc.p.allows(r.Context(), r, nil)
			require.Equal(t, tc.want, yes)
			require.Equal(t, tc.panicked, panicked)
			yes, panicked = tc.p.allows(t.Context(), nil, nil)
			require.Equal(t, tc.want, yes, "the context of work without a request")
			require.Equal(t, tc.panicked, panicked)
		})
	}
}

func TestPredicatePanicValues(t *testing.T) {
	t.Parallel()
	aborted := Func("x", func(context.Context, *http.Request) bool { panic(http.ErrAbortHandler) })
	yes, panicked := aborted.allows(t.Context(), nil, nil)
	require.False(t, yes)
	require.Equal(t, http.ErrAbortHandler, panicked)

	var none *struct{ admin bool }
	forgetsNil := Func("x", func(context.Context, *http.Request) bool { return none.admin })
	yes, panicked = forgetsNil.allows(t.Context(), nil, nil)
	require.False(t, yes)
	require.Implements(t, (*error)(nil), panicked)

	var noContext context.Context
	yes, panicked = new(always("x")).allows(noContext, nil, nil)
	require.False(t, yes)
	require.NotNil(t, panicked)
}

func TestPredicateWithDoneContext(t *testing.T) {
	t.Parallel()

	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	asked := false
	p := Func("x", func(context.Context, *http.Request) bool { asked = true; return true })
	yes, panicked := p.allows(canceled, nil, nil)
	require.Nil(t, panicked)
	require.False(t, yes)
	require.False(t, asked, "the caller no longer waits for the answer")

	late, cancel := context.WithCancel(t.Context())
	defer cancel()
	p = Func("x", func(context.Context, *http.Request) bool { cancel(); return true })
	yes, panicked = p.allows(late, nil, nil)
	require.Nil(t, panicked)
	require.False(t, yes, "the answer of an interrupted lookup is not reliable")
}

func TestPredicateSeesContextAndRequest(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "overlay")
	r := getRequest(t, "/here")
	p := All("x", Func("y", func(got context.Context, gotRequest *http.Request) bool {
		return got.Value(key{}) == "overlay" && gotRequest == r
	}))
	yes, _ := p.allows(ctx, r, nil)
	require.True(t, yes)
	yes, _ = p.allows(r.Context(), r, nil)
	require.False(t, yes)
}

func TestGroupKeepsItsMembers(t *testing.T) {
	t.Parallel()
	members := []Predicate{never("a"), never("b")}
	p := Any("x", members...)
	members[0] = always("c")
	requireAllows(t, false, p, getRequest(t, "/"))
	require.True(t, slices.ContainsFunc(members, func(m Predicate) bool { return m.Name() == "c" }))
}

type testUser struct{ superuser bool }

func (u *testUser) Superuser() bool { return u != nil && u.superuser }

func TestContextValue(t *testing.T) {
	t.Parallel()
	type key struct{}
	superuser := ContextValue("superuser", key{}, func(u *testUser) bool { return u.superuser })
	byInterface := ContextValue("superuser", key{}, func(u interface{ Superuser() bool }) bool { return u.Superuser() })
	anything := ContextValue("anything", key{}, func(any) bool { return true })
	var noUser *testUser
	for name, tc := range map[string]struct {
		value                            any
		superuser, byInterface, anything bool
	}{
		"a superuser":             {&testUser{superuser: true}, true, true, true},
		"another user":            {&testUser{}, false, false, true},
		"a nil user":              {noUser, false, false, false},
		"a nil value":             {nil, false, false, false},
		"a value of another type": {"root", false, false, true},
		"a user by value":         {testUser{superuser: true}, false, false, true},
		"a nil slice":             {[]string(nil), false, false, false},
		"a nil map":               {map[string]bool(nil), false, false, false},
		"a nil function":          {(func())(nil), false, false, false},
		"a nil channel":           {(chan int)(nil), false, false, false},
		"an empty slice":          {[]string{}, false, false, true},
		"a zero number":           {0, false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := context.WithValue(t.Context(), key{}, tc.value)
			for i, p := range []Predicate{superuser, byInterface, anything} {
				yes, panicked := p.allows(ctx, getRequest(t, "/"), nil)
				require.Nil(t, panicked)
				require.Equal(t, []bool{tc.superuser, tc.byInterface, tc.anything}[i], yes)
			}
		})
	}
	for _, p := range []Predicate{superuser, byInterface, anything} {
		requireAllows(t, false, p, getRequest(t, "/"))
	}
}

// An absent key equals an absent setting. The documented predicate of django-downtime let every
// request pass in this case.
func TestContextValueDoesNotAskAboutAnAbsentValue(t *testing.T) {
	t.Parallel()
	asked := false
	p := ContextValue("setting", "setting", func(s string) bool { asked = true; return s == "" })
	requireAllows(t, false, p, getRequest(t, "/"))
	require.False(t, asked)
}

func TestValue(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, 7)

	n, ok := Value[int](ctx, key{})
	require.True(t, ok)
	require.Equal(t, 7, n)

	s, ok := Value[string](ctx, key{})
	require.False(t, ok)
	require.Empty(t, s)

	_, ok = Value[int](ctx, "other")
	require.False(t, ok)
	_, ok = Value[int](ctx, nil)
	require.False(t, ok)
	var noContext context.Context
	_, ok = Value[int](noContext, key{})
	require.False(t, ok)
}

// untouchable is a body that fails the test if it is read.
type untouchable struct{ t testing.TB }

func (b untouchable) Read([]byte) (int, error) {
	b.t.Error("the body was read")
	return 0, errors.New("read")
}

func (b untouchable) Close() error { return nil }

var _ io.ReadCloser = untouchable{}

func TestPredicatesLeaveTheBodyAlone(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]Predicate{
		"a header": APIKeyHeader("X-Key", KeyLiteral(goodKey)),
		"a query":  APIKeyQuery("key", KeyLiteral(goodKey)),
		"a client": ClientAddr("office", []string{"192.0.2.0/24"}, []string{"10.0.0.1"}),
		"a value":  ContextValue("superuser", "user", func(bool) bool { return true }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/?key=wrong", untouchable{t})
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.RemoteAddr = "203.0.113.1:1"
			requireAllows(t, false, p, r)
			require.Nil(t, r.Form)
			require.Nil(t, r.PostForm)
		})
	}
}

// fieldErrors are the joined faults of err.
func fieldErrors(tb testing.TB, err error) []*period.FieldError {
	tb.Helper()
	require.Error(tb, err)
	var joined interface{ Unwrap() []error }
	require.ErrorAs(tb, err, &joined)
	var faults []*period.FieldError
	for _, one := range joined.Unwrap() {
		fault, ok := errors.AsType[*period.FieldError](one)
		require.True(tb, ok, "%v", one)
		faults = append(faults, fault)
	}
	return faults
}
