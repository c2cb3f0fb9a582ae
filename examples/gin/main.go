// Command gin is the little shop on gin: go run ./examples/gin
package main

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/admin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/examples/internal/shop"
)

func main() {
	gin.SetMode(gin.ReleaseMode)
	shop.Main("gin", build)
}

func build(p shop.Parts) (http.Handler, *core.Gate, error) {
	// session, below, stores the user by c.Set.
	superuser := core.ContextValue("superuser", "user", func(u shop.User) bool { return u.Superuser })
	cfg := core.Config{
		Store:       p.Store,
		ExemptExact: []string{"/healthz", "/login"}, // health checks, and the login of the superuser
		ExemptPaths: []string{"/static"},            // /static and everything below it
		Bypass:      []core.Predicate{superuser, core.APIKeyHeader("X-Api-Key", p.Key)},
		Logger:      p.Log,
	}
	admin.Exempt(&cfg, shop.OpsPath) // so that the operator's page is served while down
	gate, err := core.New(cfg)
	if err != nil {
		return nil, nil, err
	}
	ops, err := admin.New(gate, admin.Config{
		Path:      shop.OpsPath,
		Authorize: superuser,
		Actor: func(ctx context.Context, _ *http.Request) string {
			user, _ := core.Value[shop.User](ctx, "user")
			return user.Name
		},
		Logger: p.Log,
	})
	if err != nil {
		return nil, nil, err
	}

	r := gin.New()
	// The session comes before the gate, because the predicate reads the user.
	r.Use(gin.Recovery(), session(p.Shop))
	// Install is r.Use(gindowntime.Middleware(gate)) with a check: it returns an error if r
	// has routes already, for which gin does not run the middleware.
	if err := gindowntime.Install(r, gate); err != nil {
		return nil, nil, err
	}

	r.GET("/", func(c *gin.Context) {
		user, _ := c.MustGet("user").(shop.User)
		c.Data(http.StatusOK, shop.HTML, p.Shop.HomePage(user))
	})
	r.StaticFS("/static", http.FS(shop.Static()))
	r.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	r.GET("/login", func(c *gin.Context) { c.Data(http.StatusOK, shop.HTML, shop.LoginPage()) })
	r.POST("/login", func(c *gin.Context) {
		cookie, ok := p.Shop.SignIn(c.PostForm("password"))
		if !ok {
			c.String(http.StatusUnauthorized, "wrong password\n")
			return
		}
		http.SetCookie(c.Writer, cookie)
		c.Redirect(http.StatusSeeOther, "/")
	})

	// With Wrap, Authorize and Actor see the user.
	r.Any(shop.OpsPath, gindowntime.Wrap(ops))
	r.Any(shop.OpsPath+"/*page", gindowntime.Wrap(ops))

	api := r.Group("/api")
	api.GET("/orders", func(c *gin.Context) { c.JSON(http.StatusOK, p.Shop.Orders()) })
	api.POST("/orders", func(c *gin.Context) {
		var order shop.Order
		err := c.ShouldBindJSON(&order)
		if err == nil {
			order, err = p.Shop.Place(order)
		}
		if err != nil {
			c.JSON(http.StatusBadRequest, gin.H{"error": "bad order: " + shop.ErrBadOrder.Error()})
			return
		}
		c.JSON(http.StatusCreated, order)
	})
	return r, gate, nil
}

// session stores the user of the request in the framework's context.
func session(s *shop.Shop) gin.HandlerFunc {
	return func(c *gin.Context) { c.Set("user", s.User(c.Request)) }
}
