package redisstore_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/redisstore"
)

// documented is the rule for a user with the least rights, as the package's comment has it.
func documented(t *testing.T) []any {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	rule := regexp.MustCompile(`(?m)^//\tACL SETUSER .*\n//\t  .*$`).FindString(string(text))
	require.NotEmpty(t, rule)
	var args []any
	for word := range strings.FieldsSeq(strings.ReplaceAll(rule, "//", "")) {
		args = append(args, word)
	}
	return args
}

func setUser(t *testing.T, addr string, rule []any) {
	t.Helper()
	admin := connect(t, &redis.Options{Addr: addr})
	require.NoError(t, admin.Do(t.Context(), rule...).Err())
}

func TestTheDocumentedRightsAreEnough(t *testing.T) {
	t.Parallel()
	server := testservers.Redis(t)
	setUser(t, server.Addr, documented(t))
	st, woken := listener(t, &redis.Options{Addr: server.Addr, Username: "shop", Password: "PASSWORD"})
	requireWoken(t, woken, "it is subscribed")
	require.True(t, hinted(st)())
	_, err := st.Get(t.Context(), "")
	require.ErrorIs(t, err, store.ErrLost)
	require.NoError(t, everything(t, st))
	requireWoken(t, woken, "there was a write")
	admin := connect(t, &redis.Options{Addr: server.Addr})
	plant(t, admin, "old", store.KeepRow+time.Minute)
	require.Equal(t, []string{"a", "b"}, keysOf(t, st))
	require.EqualValues(t, 3, admin.HLen(t.Context(), rows).Val(), "old rows are removed")
	time.AfterFunc(10*st.Heartbeat(), func() { _ = st.Swap(context.Background(), tokenOf("all"), []byte("later")) })
	requireWoken(t, woken, "there was a write")
	require.True(t, hinted(st)(), "PING is allowed")
}

func TestTheRightsForOptionsAreEnough(t *testing.T) {
	t.Parallel()
	server := quick(t)
	replicate(t, quick(t), server)
	setUser(t, server.Addr, append(documented(t), "+wait", "+select"))
	client := connect(t, &redis.Options{Addr: server.Addr, Username: "shop", Password: "PASSWORD", DB: 3})
	require.NoError(t, everything(t, openOn(t, client, redisstore.Options{App: "shop", WaitReplicas: 1})))
}

func TestEachDocumentedRightIsNeeded(t *testing.T) {
	t.Parallel()
	rule := documented(t)
	notes := map[string]string{"+subscribe": "NOPERM", "+ping": "PONG|NOPERM|no answer", "+publish": "cannot test whether messages arrive"}
	for _, right := range rule {
		name := right.(string)
		if !strings.HasPrefix(name, "+") || name == "+hello" { // go-redis does without, as with an old server
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testservers.Redis(t)
			setUser(t, server.Addr, append(append([]any{}, rule...), "-"+name[1:]))
			st, _ := listener(t, &redis.Options{Addr: server.Addr, Username: "shop", Password: "PASSWORD"})
			if word, ok := notes[name]; ok {
				soon(t, func() bool {
					_, note := st.Hints()
					return regexp.MustCompile(word).MatchString(note)
				}, "the note does not name the fault")
				if name == "+publish" {
					require.ErrorIs(t, everything(t, st), store.ErrReadOnly)
					_, err := st.Get(t.Context(), "")
					require.ErrorIs(t, err, store.ErrLost, "nothing is written that cannot be announced")
				}
				return
			}
			if name == "+hdel" {
				admin := connect(t, &redis.Options{Addr: server.Addr})
				plant(t, admin, "old", store.KeepRow+time.Minute)
				require.NoError(t, everything(t, st))
				require.Equal(t, []string{"a", "b"}, keysOf(t, st))
				require.EqualValues(t, 4, admin.HLen(t.Context(), rows).Val(), "without it old rows stay on the server, and only there")
				return
			}
			require.Error(t, everything(t, st))
		})
	}
}

// everything uses each right that is needed beside those of the subscription.
func everything(t *testing.T, st *redisstore.Store) error {
	t.Helper()
	if err := st.Swap(t.Context(), "", []byte("all")); err != nil {
		return err
	}
	if _, err := st.Get(t.Context(), ""); err != nil {
		return err
	}
	for _, key := range []string{"a", "b"} {
		if _, _, err := st.PutRow(t.Context(), key, []byte("row"), time.Minute); err != nil {
			return err
		}
	}
	if _, err := st.ListRows(t.Context(), ""); err != nil {
		return err
	}
	return st.DeleteRow(t.Context(), "a", nil)
}

func TestAUserWhoMayOnlyReadIsToldSo(t *testing.T) {
	t.Parallel()
	server, writer, admin := written(t)
	setUser(t, server.Addr, append(documented(t), "-hset", "-hdel", "-publish"))
	put(t, writer, "a")
	plant(t, admin, "old", store.KeepRow+time.Minute)
	st, woken := listener(t, &redis.Options{Addr: server.Addr, Username: "shop", Password: "PASSWORD"})
	requireReadOnly(t, st)
	require.Equal(t, []string{"a"}, keysOf(t, st), "an old row that it cannot remove is left out")

	requireWoken(t, woken, "it is subscribed")
	ok, note := st.Hints()
	require.False(t, ok)
	require.Contains(t, note, "cannot test whether messages arrive")
	require.Equal(t, pollAlone, st.Info().Poll)
	_, err := st.Get(t.Context(), "")
	require.NoError(t, err)
	time.AfterFunc(20*st.Heartbeat(), func() { _ = writer.Swap(context.Background(), tokenOf("first"), []byte("second")) })
	requireWoken(t, woken, "a message arrives all the same")
	require.Zero(t, st.Missed())
	require.Equal(t, "second", get(t, st), "nothing else has woken it")
}

// requireReadOnly fails unless every write is refused with the reason, and changes nothing.
func requireReadOnly(t *testing.T, st *redisstore.Store) {
	t.Helper()
	before := get(t, st)
	require.ErrorIs(t, st.Swap(t.Context(), tokenOf(before), []byte("more")), store.ErrReadOnly)
	_, _, err := st.PutRow(t.Context(), "b", []byte("row"), time.Minute)
	require.ErrorIs(t, err, store.ErrReadOnly)
	require.ErrorIs(t, st.DeleteRow(t.Context(), "a", nil), store.ErrReadOnly)
	require.Equal(t, before, get(t, st))
}

func TestAnotherApplicationsUserSeesNothing(t *testing.T) {
	t.Parallel()
	server, _, _ := written(t)
	var rule []any
	for _, word := range documented(t) {
		rule = append(rule, strings.ReplaceAll(word.(string), "shop", "blog"))
	}
	setUser(t, server.Addr, rule)
	client := connect(t, &redis.Options{Addr: server.Addr, Username: "blog", Password: "PASSWORD"})
	st := openOn(t, client, redisstore.Options{App: "shop"})
	_, err := st.Get(t.Context(), "")
	require.ErrorContains(t, err, "NOPERM")
	require.NotErrorIs(t, err, store.ErrLost)
	require.NoError(t, everything(t, openOn(t, client, redisstore.Options{App: "blog"})))
}
