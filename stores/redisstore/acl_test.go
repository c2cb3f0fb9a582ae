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

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/stores/redisstore"
	"github.com/go-downtime/downtime/stores/storetest/servers"
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
	server := servers.Redis(t)
	setUser(t, server.Addr, documented(t))
	st, woken := listener(t, &redis.Options{Addr: server.Addr, Username: "shop", Password: "PASSWORD"})
	requireWoken(t, woken, "it is subscribed")
	require.True(t, healthy(st)())
	_, err := st.Load(t.Context(), core.Mark{})
	require.ErrorIs(t, err, core.ErrLost)
	start(t, st)
	requireWoken(t, woken, "there was a write")
	for _, id := range []string{"a", "b"} {
		_, _, err = st.Report(t.Context(), core.Instance{ID: id}, time.Minute)
		require.NoError(t, err)
	}
	_, rows, err := st.Instances(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.NoError(t, st.Leave(t.Context(), "a"))
	require.Equal(t, []int64{2, 1}, logged(t, st))
	_, err = core.End(t.Context(), st, core.EndOptions{Holder: "ann"})
	require.NoError(t, err)
	time.AfterFunc(10*st.Heartbeat(), func() { _, _ = core.Start(context.Background(), st, core.StartOptions{Holder: "ann"}) })
	requireWoken(t, woken, "there was the end")
	requireWoken(t, woken, "there was a write")
	require.True(t, healthy(st)(), "PING is allowed")
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
	for _, right := range rule {
		name := right.(string)
		if !strings.HasPrefix(name, "+") || name == "+hello" { // go-redis does without, as with an old server
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := servers.Redis(t)
			setUser(t, server.Addr, append(append([]any{}, rule...), "-"+name[1:]))
			st, _ := listener(t, &redis.Options{Addr: server.Addr, Username: "shop", Password: "PASSWORD"})
			if name == "+subscribe" || name == "+ping" || name == "+publish" {
				word := map[string]string{"+subscribe": "NOPERM", "+ping": "PONG|NOPERM|no answer", "+publish": "nobody knows"}[name]
				soon(t, func() bool {
					_, note := st.PushState()
					return regexp.MustCompile(word).MatchString(note)
				}, "the state does not name the trouble")
				return
			}
			require.Error(t, everything(t, st))
		})
	}
}

// everything is a use of every right that is needed beside those of the subscription.
func everything(t *testing.T, st *redisstore.Store) error {
	t.Helper()
	if _, err := core.Init(t.Context(), st, core.InitOptions{}); err != nil {
		return err
	}
	for _, id := range []string{"a", "b"} {
		if _, _, err := st.Report(t.Context(), core.Instance{ID: id}, time.Minute); err != nil {
			return err
		}
	}
	if _, _, err := st.Instances(t.Context()); err != nil {
		return err
	}
	if _, err := st.Entries(t.Context(), 0); err != nil {
		return err
	}
	return st.Leave(t.Context(), "a")
}

func TestAUserWhoMayOnlyReadIsToldSo(t *testing.T) {
	t.Parallel()
	server, writer, _ := down(t)
	setUser(t, server.Addr, append(documented(t), "-hset", "-hdel", "-publish"))
	_, _, err := writer.Report(t.Context(), core.Instance{ID: "a"}, time.Minute)
	require.NoError(t, err)
	st, woken := listener(t, &redis.Options{Addr: server.Addr, Username: "shop", Password: "PASSWORD"})
	state, err := st.Load(t.Context(), core.Mark{})
	require.NoError(t, err)
	requireReadOnly(t, st)
	_, rows, err := st.Instances(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, []int64{2, 1}, logged(t, st), "a write that was refused is not in the log, which it may read")

	requireWoken(t, woken, "it is subscribed")
	is, note := st.PushState()
	require.False(t, is)
	require.Contains(t, note, "nobody knows whether messages arrive")
	require.Equal(t, alone, st.PollInterval())
	older := state.Mark
	older.Revision--
	_, err = st.Load(t.Context(), older)
	require.NoError(t, err)
	time.AfterFunc(20*st.Heartbeat(), func() { _, _ = core.Start(context.Background(), writer, core.StartOptions{Holder: "bob"}) })
	requireWoken(t, woken, "a message arrives all the same")
	require.Zero(t, st.MissedPushes())
	next, err := st.Load(t.Context(), state.Mark)
	require.NoError(t, err)
	require.NotEqual(t, state.Mark, next.Mark, "nothing else has woken anybody")
}

// requireReadOnly fails unless every write says that it was refused, and why.
func requireReadOnly(t *testing.T, st *redisstore.Store) {
	t.Helper()
	_, err := core.Start(t.Context(), st, core.StartOptions{Holder: "bob"})
	require.ErrorIs(t, err, core.ErrReadOnly)
	_, _, err = st.Report(t.Context(), core.Instance{ID: "b"}, time.Minute)
	require.ErrorIs(t, err, core.ErrReadOnly)
	require.ErrorIs(t, st.Leave(t.Context(), "a"), core.ErrReadOnly)
}

func TestAnotherApplicationsUserSeesNothing(t *testing.T) {
	t.Parallel()
	server, _, _ := down(t)
	var rule []any
	for _, word := range documented(t) {
		rule = append(rule, strings.ReplaceAll(word.(string), "shop", "blog"))
	}
	setUser(t, server.Addr, rule)
	client := connect(t, &redis.Options{Addr: server.Addr, Username: "blog", Password: "PASSWORD"})
	st := openOn(t, client, redisstore.Options{App: "shop"})
	_, err := st.Load(t.Context(), core.Mark{})
	require.ErrorContains(t, err, "NOPERM")
	require.NotErrorIs(t, err, core.ErrLost)
	require.NoError(t, everything(t, openOn(t, client, redisstore.Options{App: "blog"})))
}
