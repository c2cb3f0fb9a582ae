package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/memstore"
)

func TestATokenIsADigestOfTheBytes(t *testing.T) {
	t.Parallel()
	// Different versions must agree on the digest: 16 bytes of SHA-256.
	require.Equal(t, store.Token("e3b0c44298fc1c149afbf4c8996fb924"), store.TokenOf(nil))
	require.Equal(t, store.Token("ba7816bf8f01cfea414140de5dae2223"), store.TokenOf([]byte("abc")))
	require.NotEqual(t, store.TokenOf([]byte("abc")), store.TokenOf([]byte("abc\n")))
}

func TestTheSizeOfADocumentIsChecked(t *testing.T) {
	t.Parallel()
	require.NoError(t, store.CheckSize([]byte("1"), 4))
	require.NoError(t, store.CheckSize([]byte("1234"), 4))
	require.ErrorContains(t, store.CheckSize(nil, 4), "empty")
	require.NotErrorIs(t, store.CheckSize(nil, 4), store.ErrTooLarge)

	err := fmt.Errorf("memory: %w", store.CheckSize([]byte("12345"), 4))
	require.ErrorIs(t, err, store.ErrTooLarge)
	require.NotErrorIs(t, err, store.ErrConflict)
	tooLarge, ok := errors.AsType[*store.TooLargeError](err)
	require.True(t, ok)
	require.Equal(t, store.TooLargeError{Size: 5, Limit: 4}, *tooLarge)
	require.EqualError(t, err, "memory: document is too large: 5 bytes, the limit is 4; remove periods that have ended")
}

func TestTheLimitOfAStore(t *testing.T) {
	t.Parallel()
	require.Equal(t, 1<<20, store.MaxBytes)
	require.Equal(t, store.MaxBytes, store.MaxOf(memstore.New()))
	require.Equal(t, 100, store.MaxOf(limited{limit: 100}))
	require.Equal(t, store.MaxBytes, store.MaxOf(limited{limit: -1}))
}

type limited struct {
	plain

	limit int
}

func (l limited) Info() store.Info { return store.Info{MaxBytes: l.limit} }

func TestARowIsChecked(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		key     string
		size    int
		problem string
	}{
		"letters and digits":      {"a1z0", 3, ""},
		"one character":           {"a", 3, ""},
		"the longest key":         {strings.Repeat("a", 64), 3, ""},
		"an empty row":            {"a", 0, ""},
		"the largest row":         {"a", 64 << 10, ""},
		"no key":                  {"", 3, "key: want 1 to 64 characters"},
		"a key that is too long":  {strings.Repeat("a", 65), 3, "want 1 to 64 characters"},
		"capitals":                {"A", 3, `key: "A": want 1 to 64 characters of a-z and 0-9`},
		"a separator":             {"a/b", 3, "want 1 to 64 characters"},
		"a dot":                   {"..", 3, "want 1 to 64 characters"},
		"NUL":                     {"a\x00", 3, "want 1 to 64 characters"},
		"a letter outside ASCII":  {"é", 3, "want 1 to 64 characters"},
		"a row that is too large": {"a", 64<<10 + 1, "row a: 65537: want at most 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := store.CheckRow(tc.key, make([]byte, tc.size))
			if tc.problem == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.problem)
			_, ok := errors.AsType[*store.FieldError](err)
			require.True(t, ok)
		})
	}
}

func TestLifeHasAName(t *testing.T) {
	t.Parallel()
	for life, want := range map[store.Life]string{
		store.Live: "live", store.Expired: "expired", store.Gone: "gone", store.Deleted: "deleted", 0: "invalid", 5: "invalid",
	} {
		require.Equal(t, want, life.String())
	}
}
