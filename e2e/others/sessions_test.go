package others

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	"github.com/gin-contrib/sessions"
	"github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	gorilla "github.com/gorilla/sessions"
	echosession "github.com/labstack/echo-contrib/session"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	chidowntime "github.com/go-downtime/downtime/adapters/chi"
	echodowntime "github.com/go-downtime/downtime/adapters/echo"
	gindowntime "github.com/go-downtime/downtime/adapters/gin"
	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	downstore "github.com/go-downtime/downtime/store/memstore"
)

// database counts the reads of sessions, and fails if it is dead.
type database struct {
	reads atomic.Int64
	dead  atomic.Bool
}

var errDead = errors.New("the session database is dead")

func (d *database) read() error {
	d.reads.Add(1)
	if d.dead.Load() {
		return errDead
	}
	return nil
}

// scsStore is scs's own store in memory, behind the database.
type scsStore struct {
	*memstore.MemStore
	db *database
}

func (s scsStore) Find(token string) ([]byte, bool, error) {
	if err := s.db.read(); err != nil {
		return nil, false, err
	}
	return s.MemStore.Find(token)
}

func newSCS(db *database) *scs.SessionManager {
	m := scs.New()
	m.Store = scsStore{memstore.New(), db}
	m.ErrorFunc = func(w http.ResponseWriter, _ *http.Request, err error) {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
	return m
}

// gorillaStore is gorilla's cookie store, behind the database.
type gorillaStore struct {
	cookie.Store
	db *database
}

func (s gorillaStore) Get(r *http.Request, name string) (*gorilla.Session, error) {
	return gorilla.GetRegistry(r).Get(s, name)
}

func (s gorillaStore) New(r *http.Request, name string) (*gorilla.Session, error) {
	if err := s.db.read(); err != nil {
		return nil, err
	}
	return s.Store.New(r, name)
}

// site builds an application with a gate before its session middleware. /login stores a user.
type site func(t *testing.T, db *database, gate func(core.Predicate) *core.Gate) http.Handler

func netHTTP(wrap func(gate *core.Gate, session func(http.Handler) http.Handler, mux http.Handler) http.Handler) site {
	return func(_ *testing.T, db *database, gate func(core.Predicate) *core.Gate) http.Handler {
		m := newSCS(db)
		mux := http.NewServeMux()
		mux.HandleFunc("/login", func(_ http.ResponseWriter, r *http.Request) { m.Put(r.Context(), "role", "staff") })
		mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, m.GetString(r.Context(), "role")) })
		staff := core.Behind("staff", m.LoadAndSave, func(r *http.Request) bool { return m.GetString(r.Context(), "role") == "staff" })
		return wrap(gate(staff), m.LoadAndSave, mux)
	}
}

var sites = map[string]site{
	"net/http with scs": netHTTP(func(gate *core.Gate, session func(http.Handler) http.Handler, mux http.Handler) http.Handler {
		return gate.Handler(session(mux))
	}),
	"chi with scs": netHTTP(func(gate *core.Gate, session func(http.Handler) http.Handler, mux http.Handler) http.Handler {
		r := chi.NewRouter()
		r.Use(chidowntime.Middleware(gate), session)
		r.Mount("/", mux)
		return r
	}),
	"gin with gin-contrib/sessions": func(_ *testing.T, db *database, gate func(core.Predicate) *core.Gate) http.Handler {
		session := sessions.Sessions("s", gorillaStore{cookie.NewStore([]byte("0123456789abcdef0123456789abcdef")), db})
		staff := gindowntime.Behind("staff", func(c *gin.Context) bool { return sessions.Default(c).Get("role") == "staff" }, session)
		r := gin.New()
		r.Use(gindowntime.Middleware(gate(staff)), session)
		r.GET("/login", func(c *gin.Context) {
			s := sessions.Default(c)
			s.Set("role", "staff")
			_ = s.Save()
		})
		r.GET("/", func(c *gin.Context) { c.String(http.StatusOK, fmt.Sprint(sessions.Default(c).Get("role"))) })
		return r
	},
	"echo with echo-contrib/session": func(_ *testing.T, db *database, gate func(core.Predicate) *core.Gate) http.Handler {
		session := echosession.Middleware(gorillaStore{cookie.NewStore([]byte("0123456789abcdef0123456789abcdef")), db})
		role := func(c echo.Context) string {
			s, err := echosession.Get("s", c)
			if err != nil {
				return ""
			}
			role, _ := s.Values["role"].(string)
			return role
		}
		e := echo.New()
		e.Use(echodowntime.Middleware(gate(echodowntime.Behind("staff", func(c echo.Context) bool { return role(c) == "staff" }, session))), session)
		e.GET("/login", func(c echo.Context) error {
			s, err := echosession.Get("s", c)
			if err != nil {
				return err
			}
			s.Values["role"] = "staff"
			return s.Save(c.Request(), c.Response())
		})
		e.GET("/", func(c echo.Context) error { return c.String(http.StatusOK, role(c)) })
		return e
	},
}

func TestASessionBehindTheGate(t *testing.T) {
	t.Parallel()
	for name, build := range sites {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, st := &database{}, downstore.New()
			var gate *core.Gate
			h := build(t, db, func(staff core.Predicate) *core.Gate {
				var err error
				gate, err = core.New(core.Config{Store: st, Bypass: []core.Predicate{staff}, Logger: slog.New(slog.DiscardHandler), PredicateTimeout: time.Minute})
				require.NoError(t, err)
				return gate
			})
			visit := func(path string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
				for _, c := range cookies {
					r.AddCookie(c)
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				return w
			}
			staff := visit("/login").Result().Cookies()
			require.NotEmpty(t, staff)

			_, err := operator.Operator{Store: st}.Start(t.Context(), operator.StartOptions{Holder: "test"})
			require.NoError(t, err)
			require.NoError(t, gate.Refresh(t.Context()))
			require.Equal(t, http.StatusServiceUnavailable, visit("/").Code)
			w := visit("/", staff...)
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, "staff", w.Body.String())

			db.dead.Store(true)
			require.Equal(t, http.StatusServiceUnavailable, visit("/", staff...).Code, "not an error of the session")

			db.dead.Store(false)
			_, err = operator.Operator{Store: st}.End(context.WithoutCancel(t.Context()), operator.EndOptions{All: true})
			require.NoError(t, err)
			require.NoError(t, gate.Refresh(t.Context()))
			before := db.reads.Load()
			require.Equal(t, http.StatusOK, visit("/", staff...).Code)
			require.EqualValues(t, 1, db.reads.Load()-before, "an open gate reads no session")
		})
	}
}
