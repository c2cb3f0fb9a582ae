// Package shop is the part that the three example applications share: a little shop with
// orders and one account. The main.go of each example has the gate. This package has only the
// store of the gate and the path of the operator's page.
package shop

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// SessionCookie is the name of the cookie that [Shop.SignIn] makes.
const SessionCookie = "session"

// OpsPath is where the examples mount the operator's page.
const OpsPath = "/ops/downtime"

const keepOrders = 100 // the oldest are forgotten, because every visitor can order

// ErrBadOrder is an order that the shop does not take.
var ErrBadOrder = errors.New("want an item of 1 to 100 bytes and a quantity of 1 to 1000")

// Order is an order of a visitor.
type Order struct {
	ID       int    `json:"id"`
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
}

// User is the sender of a request. The zero User is a visitor.
type User struct {
	Name      string
	Superuser bool
}

// Shop keeps everything in memory. It is safe for concurrent use.
type Shop struct {
	password [sha256.Size]byte

	mu       sync.Mutex
	lastID   int
	orders   []Order
	sessions map[string]User
}

// New makes a shop whose superuser signs in with password.
func New(password string) *Shop {
	return &Shop{password: sha256.Sum256([]byte(password)), sessions: map[string]User{}}
}

// Orders returns the last orders, the oldest first. Empty is not nil: it is [] in JSON.
func (s *Shop) Orders() []Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Order{}, s.orders...)
}

// Place takes an order, and returns it with its ID. The error is [ErrBadOrder].
func (s *Shop) Place(o Order) (Order, error) {
	o.Item = strings.TrimSpace(o.Item)
	if o.Item == "" || len(o.Item) > 100 || o.Quantity < 1 || o.Quantity > 1000 {
		return Order{}, ErrBadOrder
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	o.ID = s.lastID
	s.orders = append(s.orders, o)
	if len(s.orders) > keepOrders {
		s.orders = slices.Delete(s.orders, 0, len(s.orders)-keepOrders)
	}
	return o, nil
}

// SignIn begins a session of the superuser and returns its cookie; false if the password
// is wrong.
func (s *Shop) SignIn(password string) (*http.Cookie, bool) {
	given := sha256.Sum256([]byte(password))
	if subtle.ConstantTimeCompare(given[:], s.password[:]) != 1 {
		return nil, false
	}
	token := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[token] = User{Name: "admin", Superuser: true}
	return &http.Cookie{ //nolint:gosec // Secure is missing on purpose: the example speaks plain HTTP on loopback
		Name: SessionCookie, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}, true
}

// User returns the sender of r, by its session cookie. Without one it is a visitor.
func (s *Shop) User(r *http.Request) User {
	cookies := r.CookiesNamed(SessionCookie)
	if len(cookies) != 1 { // two session cookies are ambiguous
		return User{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[cookies[0].Value]
}
