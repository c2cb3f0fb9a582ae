//go:build !fileonly

package main

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
)

func TestWrongURLsAreWrongUsage(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	for name, test := range map[string]struct{ url, stderr string }{
		"no application":                 {"postgres://h/db", "which application? Its name is missing; want postgres://[USER@]HOST"},
		"no application, MySQL":          {"mysql://h/db", "which application? Its name is missing; want mysql://[USER@]HOST"},
		"no application, Redis":          {"redis://h", "which application? Its name is missing; want redis://[USER@]HOST"},
		"no application, SQLite":         {"sqlite:x.db", "which application? Its name is missing; want sqlite:PATH?app=NAME"},
		"two applications":               {"redis://h?app=a&app=b", "app: want it once, and not empty"},
		"an empty application":           {"redis://h?app=", "app: want it once, and not empty"},
		"an empty prefix":                {"mysql://h/db?app=a&prefix=", "prefix: want it once, and not empty"},
		"an odd application":             {"mysql://h/db?app=a%20b", `"a b": app: want `},
		"an odd application, Redis":      {"redis://h?app=a%7Db", `"a}b": app: want `},
		"an odd application, SQLite":     {"sqlite:x.db?app=a;b", "its parameters cannot be read"},
		"an odd schema":                  {"postgres://h/db?app=a&schema=x%22%3BDROP", `schema: want`},
		"an odd prefix":                  {"sqlite:x.db?app=a&prefix=1", `prefix: want`},
		"an unknown parameter of SQLite": {"sqlite:x.db?app=a&mode=rwc", "unknown parameter mode; want sqlite:"},
		"a schema of SQLite":             {"sqlite:x.db?app=a&schema=s", "unknown parameter schema; want sqlite:"},
		"no file":                        {"sqlite:?app=a", "names no file; want sqlite:"},
		"a file on a host":               {"sqlite://host/x.db?app=a", "names a host; want sqlite:"},
		"no database":                    {"mysql://h?app=a", "names no database; want mysql://"},
		"two databases":                  {"mysql://h/a/b?app=a", "names no database; want mysql://"},
		"not a number of replicas":       {"redis://h?app=a&wait_replicas=x", `"x": wait_replicas: want a number`},
		"fewer than no replicas":         {"redis://h?app=a&wait_replicas=-1", `wait_replicas: want 0 or more`},
		"not a database of Redis":        {"redis://h/x?app=a", "the driver refuses its host, port or database; want redis://"},
		"an unknown parameter of Redis":  {"redis://h?app=a&frob=1", "frob: the driver refuses it; want redis://"},
		"a cluster or not":               {"redis://h?app=a&cluster=maybe", "cluster: want true or false"},
		"not a boolean of the driver":    {"mysql://h/db?app=a&clientFoundRows=maybe", "clientFoundRows: the driver refuses it; want mysql://"},
		"not a port":                     {"postgres://h:x/db?app=a", "is not a URL; want postgres://"},
		"not a mode of the driver":       {"postgres://h/db?app=a&sslmode=maybe", "sslmode: the driver refuses it; want postgres://"},
		"a password that is not escaped": {"postgres://h/x@db?app=a", "has @ after the host; write / ? # and @ as %2F %3F %23 and %40"},
		"a parameter of a Sentinel":      {"redis://h?app=a&master_name=m&route_randomly=maybe&db=1", "route_randomly: the driver refuses it"},
		"another trust of SQLite":        {"sqlite:x.db?app=a&trust_writable=yes", "trust_writable: want true; want sqlite:"},
		"without slashes":                {"postgres:h/db?app=a", "is not a URL; want postgres://"},
		"an unknown scheme": {
			"oracle://h/db?app=a", `unknown scheme "oracle:": want file:PATH, mysql://HOST/DATABASE?app=NAME, ` +
				"postgres://HOST/DATABASE?app=NAME, redis://HOST?app=NAME, rediss://HOST?app=NAME, sqlite:PATH?app=NAME\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := command(t, nil, "status", "--store", test.url)
			require.Equal(t, 2, code, stderr)
			require.Empty(t, stdout)
			require.True(t, strings.HasPrefix(stderr, "downtime: --store: "), stderr)
			require.Contains(t, stderr, test.stderr)
			require.Equal(t, 1, strings.Count(stderr, "\n"))

			withPassword := strings.Replace(test.url, "://", "://u:"+secret+"@", 1)
			_, _, stderr = command(t, []string{"DOWNTIME_STORE=" + withPassword}, "status")
			require.NotContains(t, stderr, secret)
		})
	}
}

// TestPasswordsAreTakenFromTheEnvironmentAndNeverShown plants passwords everywhere, right
// and wrong ones.
func TestPasswordsAreTakenFromTheEnvironmentAndNeverShown(t *testing.T) {
	t.Parallel()
	const right, wrong = "gehe/im?#%", "falsch"
	my, redis := testservers.MariaDB(t), testservers.Redis(t, "--requirepass", right)
	name := my.Database(t)
	my.Exec(t, "", "CREATE USER ops@'%' IDENTIFIED BY '"+right+"'; GRANT ALL ON "+name+".* TO ops@'%'")
	escaped := url.QueryEscape(right)
	for test, at := range map[string]struct{ url, withPassword string }{
		"MariaDB": {"mysql://ops@" + my.Addr + "/" + name + "?app=shop", "mysql://ops:PASSWORD@" + my.Addr + "/" + name + "?app=shop"},
		"Redis":   {"redis://" + redis.Addr + "?app=shop", "redis://:PASSWORD@" + redis.Addr + "?app=shop"},
	} {
		t.Run(test, func(t *testing.T) {
			t.Parallel()
			var said strings.Builder
			run := func(code int, env []string, args ...string) {
				t.Helper()
				got, stdout, stderr := command(t, env, args...)
				require.Equal(t, code, got, stderr)
				said.WriteString(stdout + stderr)
			}
			store := "DOWNTIME_STORE=" + at.url
			run(0, []string{store, "DOWNTIME_STORE_PASSWORD=" + right}, "init")
			run(0, []string{store, "DOWNTIME_STORE_PASSWORD=" + right}, "start", "--no-wait")
			run(0, []string{"DOWNTIME_STORE_PASSWORD=" + right}, "start", "--no-wait", "--store", at.url)
			run(0, []string{"DOWNTIME_STORE=" + strings.Replace(at.withPassword, "PASSWORD", escaped, 1)}, "start", "--no-wait")
			run(0, []string{
				"DOWNTIME_STORE=" + strings.Replace(at.withPassword, "PASSWORD", escaped, 1), "DOWNTIME_STORE_PASSWORD=" + wrong,
			}, "start", "--no-wait")
			run(1, []string{store}, "status")
			run(1, []string{store, "DOWNTIME_STORE_PASSWORD=" + wrong}, "status")
			run(1, []string{"DOWNTIME_STORE=" + strings.Replace(at.withPassword, "PASSWORD", wrong, 1)}, "status")
			run(2, nil, "status", "--store", strings.Replace(at.withPassword, "PASSWORD", wrong, 1))
			for _, secret := range []string{right, escaped, wrong} {
				require.NotContains(t, said.String(), secret)
			}
		})
	}
}

func TestPasswordsOfPostgres(t *testing.T) {
	t.Parallel()
	// No server listens there, so the only output is the error.
	for _, env := range [][]string{
		{"DOWNTIME_STORE=postgres://ops:s3cr3t@127.0.0.1:1/db?app=shop"},
		{"DOWNTIME_STORE=postgres://ops@127.0.0.1:1/db?app=shop&password=s3cr3t"},
		{"DOWNTIME_STORE=postgres://ops@127.0.0.1:1/db?app=shop", "DOWNTIME_STORE_PASSWORD=s3cr3t"},
		{"DOWNTIME_STORE=postgres://ops@127.0.0.1:1/db?app=shop", "PGPASSWORD=s3cr3t"},
	} {
		code, stdout, stderr := command(t, env, "status")
		require.Equal(t, 1, code, stderr)
		require.Empty(t, stdout)
		require.Contains(t, stderr, "postgres://127.0.0.1/db#shop: ")
		require.NotContains(t, stderr, "s3cr3t")
	}
}

func TestATypingErrorMakesNoDatabase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s.db")
	for _, args := range [][]string{{"status"}, {"start", "--no-wait"}, {"end", "--all"}, {"fleet"}, {"init", "--dry-run"}} {
		_, _, stderr := command(t, nil, append(args, "--store", "sqlite:"+path+"?app=shop")...)
		require.NoFileExists(t, path, "%s: %s", args, stderr)
	}
	code, _, stderr := command(t, nil, "init", "--store", "sqlite:"+path+"?app=shop")
	require.Zero(t, code, stderr)
	require.FileExists(t, path)
	dir := filepath.Join(filepath.Dir(path), "sub")
	code, _, stderr = command(t, nil, "init", "--store", "sqlite:"+filepath.Join(dir, "s.db")+"?app=shop")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "there is no directory "+dir+": create it, or correct the path\n")
}
