package core_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/go-downtime/downtime/core"
)

// ask makes a gate that is down, with one predicate, and prints the decision about a request.
func ask(ctx context.Context, p core.Predicate, change func(r *http.Request)) {
	gate, err := core.New(core.Config{
		Down:   true,
		Bypass: []core.Predicate{p},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	if change != nil {
		change(r)
	}
	d := gate.Decide(r.Context(), r)
	if d.Rule == "" {
		fmt.Println(d.Outcome)
		return
	}
	fmt.Println(d.Outcome, "by", d.Rule)
}

func ExampleFunc() {
	certificate := core.Func("our certificate", func(_ context.Context, r *http.Request) bool {
		return r.TLS != nil && len(r.TLS.VerifiedChains) > 0 // a client certificate of ours
	})
	ask(context.Background(), certificate, nil)
	// Output: blocked
}

// user is the value that the application's authentication stores.
type user struct{ superuser bool }

// userKey is the key it is stored under.
type userKey struct{}

func ExampleContextValue() {
	superuser := core.ContextValue("superuser", userKey{}, func(u *user) bool { return u.superuser })

	ask(context.Background(), superuser, nil)
	ask(context.WithValue(context.Background(), userKey{}, &user{}), superuser, nil)
	ask(context.WithValue(context.Background(), userKey{}, &user{superuser: true}), superuser, nil)
	// Output:
	// blocked
	// blocked
	// bypassed by superuser
}

func ExampleValue() {
	staff := core.Func("staff on the admin host", func(ctx context.Context, r *http.Request) bool {
		u, ok := core.Value[*user](ctx, userKey{})
		return ok && u.superuser && r.Host == "admin.example.test"
	})
	ctx := context.WithValue(context.Background(), userKey{}, &user{superuser: true})
	ask(ctx, staff, nil)
	ask(ctx, staff, func(r *http.Request) { r.Host = "admin.example.test" })
	// Output:
	// blocked
	// bypassed by staff on the admin host
}

func ExampleAPIKeyHeader() {
	// The second key is the next one. When all clients use it, remove the first.
	current, next := core.KeyLiteral("f0c1a7d2…from the secret manager"), core.KeyLiteral("8e52b6c9…from the secret manager")
	deploy := core.APIKeyHeader("X-Downtime-Key", current, next)

	ask(context.Background(), deploy, nil)
	ask(context.Background(), deploy, func(r *http.Request) { r.Header.Set("X-Downtime-Key", "") })
	ask(context.Background(), deploy, func(r *http.Request) { r.Header.Set("X-Downtime-Key", "8e52b6c9…from the secret manager") })
	// Output:
	// blocked
	// blocked
	// bypassed by api key in header X-Downtime-Key
}

func ExampleAPIKeyQuery() {
	probe := core.APIKeyQuery("downtime_key", core.KeyLiteral("f0c1a7d2b3e4f5a6978812"))

	ask(context.Background(), probe, func(r *http.Request) { r.URL.RawQuery = "downtime_key=f0c1a7d2b3e4f5a6978812" })
	// Output: bypassed by api key in query parameter downtime_key
}

func ExampleKeyFromEnv() {
	ask(context.Background(), core.APIKeyHeader("X-Downtime-Key", core.KeyFromEnv("EXAMPLE_UNSET_KEY")), nil)
	// Output: Bypass[0].Keys[0]: "EXAMPLE_UNSET_KEY": environment variable is not set; put a key of 16 to 4096 bytes there, for example from openssl rand -hex 32
}

func ExampleKeyLiteral() {
	fmt.Println(core.KeyLiteral("f0c1a7d2b3e4f5a6978812"))
	ask(context.Background(), core.APIKeyHeader("X-Downtime-Key", core.KeyLiteral("letmein")), nil)
	// Output:
	// core.Key(literal)
	// Bypass[0].Keys[0]: key is too short; want 16 to 4096 bytes, for example from openssl rand -hex 32
}

func ExampleClientAddr() {
	office := core.ClientAddr("office", []string{"192.0.2.0/24"}, []string{"10.0.0.1"})

	through := func(forwardedFor string) func(r *http.Request) {
		return func(r *http.Request) {
			r.RemoteAddr = "10.0.0.1:443" // our load balancer
			r.Header.Set("X-Forwarded-For", forwardedFor)
		}
	}
	ask(context.Background(), office, through("192.0.2.7"))
	ask(context.Background(), office, through("192.0.2.7, 203.0.113.9")) // the visitor wrote the first part
	// Output:
	// bypassed by office
	// blocked
}

func ExampleAny() {
	operators := core.Any("operators",
		core.ClientAddr("office", []string{"192.0.2.0/24"}, nil),
		core.APIKeyHeader("X-Downtime-Key", core.KeyLiteral("f0c1a7d2b3e4f5a6978812")),
	)
	ask(context.Background(), operators, func(r *http.Request) { r.RemoteAddr = "192.0.2.7:50000" })
	// Output: bypassed by operators
}

func ExampleAll() {
	office := core.ClientAddr("office", []string{"192.0.2.0/24"}, nil)
	superuser := core.ContextValue("superuser", userKey{}, func(u *user) bool { return u.superuser })

	ask(context.Background(), core.All("superuser in the office", office, superuser), func(r *http.Request) { r.RemoteAddr = "192.0.2.7:50000" })
	ask(context.Background(), core.All("empty group"), nil)
	// Output:
	// blocked
	// Bypass[0].All: is empty; want at least one predicate
}
