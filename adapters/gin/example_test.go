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

// request asks h for target and prints the status and the body.
func request(h http.Handler, target string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, target, http.NoBody))
	fmt.Println(target, w.Code, w.Body)
}

func ExampleNew() {
	router := gin.New()
	router.Use(gindowntime.New(gindowntime.Config{
		Down:        true, // instead of a Store, to keep the example short
		ExemptExact: []string{"/healthz"},
		PageBytes:   []byte("back soon"),
	}))
	router.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "welcome") })
	router.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok") })

	request(router, "/healthz")
	// Output: /healthz 200 ok
}

func ExampleMiddleware() {
	gate, err := core.New(core.Config{ExemptExact: []string{"/healthz"}})
	if err != nil {
		fmt.Println(err) // every fault, with field and value
		return
	}
	router := gin.New()
	router.Use(gindowntime.Middleware(gate))
	router.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "welcome") })

	request(router, "/")
	_ = gate.Shutdown(context.Background()) // after the server's own
	// Output: / 200 welcome
}

func ExampleInstall() {
	gate, _ := core.New(core.Config{})
	router := gin.New()
	router.GET("/early", func(*gin.Context) {})

	fmt.Println(gindowntime.Install(router, gate) != nil)
	// Output: true
}

func ExampleWithResponder() {
	gate, _ := core.New(core.Config{Down: true})
	router := gin.New()
	router.Use(gindowntime.Middleware(gate, gindowntime.WithResponder(func(c *gin.Context, d core.Decision) {
		c.JSON(c.Writer.Status(), gin.H{"down": d.Closure.Kind()})
	})))

	request(router, "/")
	// Output: / 503 {"down":"planned"}
}

func ExamplePredicate() {
	admin := gindowntime.Predicate("admin", func(c *gin.Context) bool { return c.GetString("role") == "admin" })
	router := gin.New()
	router.Use(func(c *gin.Context) { c.Set("role", "admin") }) // the authentication
	router.Use(gindowntime.New(gindowntime.Config{Down: true, Bypass: []core.Predicate{admin}}))
	router.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "welcome") })

	request(router, "/")
	// Output: / 200 welcome
}
