package shop

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		order Order
		ok    bool
	}{
		"an order":                 {Order{Item: "tea", Quantity: 1}, true},
		"a blank item":             {Order{Item: " \t", Quantity: 1}, false},
		"the longest item":         {Order{Item: strings.Repeat("x", 100), Quantity: 1000}, true},
		"an item that is too long": {Order{Item: strings.Repeat("x", 101), Quantity: 1}, false},
		"nothing":                  {Order{Item: "tea"}, false},
		"too many":                 {Order{Item: "tea", Quantity: 1001}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := New("x")
			placed, err := s.Place(tt.order)
			if !tt.ok {
				require.ErrorIs(t, err, ErrBadOrder)
				require.Empty(t, s.Orders())
				return
			}
			require.NoError(t, err)
			require.Equal(t, 1, placed.ID)
			require.Equal(t, []Order{placed}, s.Orders())
		})
	}
}

func TestOrdersKeepsTheLast(t *testing.T) {
	t.Parallel()
	s := New("x")
	require.NotNil(t, s.Orders())
	for i := range keepOrders + 5 {
		_, err := s.Place(Order{Item: strconv.Itoa(i), Quantity: 1})
		require.NoError(t, err)
	}
	orders := s.Orders()
	require.Len(t, orders, keepOrders)
	require.Equal(t, 6, orders[0].ID)
	require.Equal(t, keepOrders+5, orders[keepOrders-1].ID)
}

func TestSession(t *testing.T) {
	t.Parallel()
	s := New("right")
	_, ok := s.SignIn("wrong")
	require.False(t, ok)
	_, ok = s.SignIn("")
	require.False(t, ok)
	cookie, ok := s.SignIn("right")
	require.True(t, ok)
	require.True(t, cookie.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, cookie.SameSite)

	tests := map[string]struct {
		cookies []string
		want    User
	}{
		"the cookie of the sign-in":   {[]string{cookie.Value}, User{Name: "admin", Superuser: true}},
		"no cookie":                   {nil, User{}},
		"an empty cookie":             {[]string{""}, User{}},
		"a cookie that was made up":   {[]string{"AAAAAAAAAAAAAAAAAAAAAAAAAA"}, User{}},
		"the right one among several": {[]string{"x", cookie.Value}, User{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			for _, value := range tt.cookies {
				r.AddCookie(&http.Cookie{Name: SessionCookie, Value: value})
			}
			require.Equal(t, tt.want, s.User(r))
		})
	}
}

func TestHomePageEscapes(t *testing.T) {
	t.Parallel()
	s := New("x")
	_, err := s.Place(Order{Item: "<script>", Quantity: 1})
	require.NoError(t, err)
	page := string(s.HomePage(User{}))
	require.Contains(t, page, "&lt;script&gt;")
	require.NotContains(t, page, "<script>")
}
