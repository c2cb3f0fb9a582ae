package gindowntime_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gin-gonic/gin"

	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/core"
)

func ExampleWrap() {
	// A net/http handler, such as an admin page, that reads a value of a gin handler.
	admin := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		role, _ := core.Value[string](r.Context(), "role")
		_, _ = fmt.Fprint(w, "hello, ", role)
	})
	router := gin.New()
	router.Use(func(c *gin.Context) { c.Set("role", "admin") }) // the authentication
	router.GET("/admin", gindowntime.Wrap(admin))

	request(router, "/admin")
	// Output: /admin 200 hello, admin
}

func ExampleFrom() {
	gate, _ := core.New(core.Config{
		Down: true,
		OnDecision: func(ctx context.Context, _ *http.Request, d core.Decision) {
			if c, ok := gindowntime.From(ctx); ok {
				fmt.Println(c.GetString("request-id"), d.Outcome)
			}
		},
	})
	router := gin.New()
	router.Use(func(c *gin.Context) { c.Set("request-id", "r1") }, gindowntime.Middleware(gate))

	router.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", http.NoBody))
	// Output: r1 blocked
}

func ExampleDelegateErrors() {
	gate, _ := core.New(core.Config{Down: true})
	router := gin.New()
	router.Use(func(c *gin.Context) { // the application's own renders every failure
		c.Next()
		for _, err := range c.Errors {
			c.String(c.Writer.Status(), "sorry: %v", err.Err)
		}
	})
	router.Use(gindowntime.Middleware(gate, gindowntime.WithResponder(gindowntime.DelegateErrors)))

	request(router, "/")
	// Output: / 503 sorry: down for now (planned), status 503
}
