//go:build !fileonly

package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// attacker is a user of the machine.
const attacker = 65532

func requireRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can play several users: run this test as root")
	}
}

// must runs the command, which succeeds.
func must(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := command(t, nil, args...)
	require.Zero(t, code, "%s\n%s%s", args, stdout, stderr)
	return stdout
}

// TestADatabaseThatOthersCanReplaceIsNotBelieved: the file, the links to it and its directory.
func TestADatabaseThatOthersCanReplaceIsNotBelieved(t *testing.T) {
	t.Parallel()
	requireRoot(t)
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string) (path string)
		want  string
	}{
		"all users can write it": {func(t *testing.T, dir string) string {
			t.Helper()
			require.NoError(t, os.Chmod(filepath.Join(dir, "s.db"), 0o666))
			return filepath.Join(dir, "s.db")
		}, "s.db (0666): chmod o-w it, or set trust_writable=true in the URL"},
		"all users can replace it": {func(t *testing.T, dir string) string {
			t.Helper()
			require.NoError(t, os.Chmod(dir, 0o777))
			return filepath.Join(dir, "s.db")
		}, "(0777), and so replace its files: chmod o-w the directory"},
		"all users can replace a link to it": {func(t *testing.T, dir string) string {
			t.Helper()
			links := t.TempDir()
			require.NoError(t, os.Symlink(filepath.Join(dir, "s.db"), filepath.Join(links, "l.db")))
			require.NoError(t, os.Chmod(links, 0o777))
			return filepath.Join(links, "l.db")
		}, "(0777), and so replace its files"},
		"another user has created it": {func(t *testing.T, dir string) string {
			t.Helper()
			require.NoError(t, os.Chown(filepath.Join(dir, "s.db"), attacker, attacker))
			require.NoError(t, os.Chmod(dir, 0o777|os.ModeSticky))
			return filepath.Join(dir, "s.db")
		}, "s.db belongs to user 65532"},
		"all users can write its log": {func(t *testing.T, dir string) string {
			t.Helper()
			path := filepath.Join(dir, "s.db")
			require.NoError(t, os.WriteFile(path+"-wal", nil, 0o600))
			require.NoError(t, os.Chmod(path+"-wal", 0o666))
			return path
		}, "s.db-wal (0666): chmod o-w it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			url := "sqlite:" + filepath.Join(dir, "s.db") + "?app=shop"
			must(t, "init", "--store", url)
			must(t, "start", "--no-wait", "--store", url)
			url = "sqlite:" + c.spoil(t, dir) + "?app=shop"
			for _, args := range [][]string{{"status"}, {"end", "--all"}, {"fleet"}, {"init"}, {"init", "--yes"}} {
				code, stdout, stderr := command(t, nil, append(args, "--store", url)...)
				require.Equal(t, 1, code, "%s\n%s%s", args, stdout, stderr)
				require.Contains(t, stderr, c.want)
			}
			require.Contains(t, must(t, "status", "--store", url+"&trust_writable=true"), "DOWN")
		})
	}
}

// TestAJournalThatAnotherUserPlantsIsNotPlayedBack: SQLite plays back a journal of any user, so
// in a directory like /tmp an attacker could change root's database.
func TestAJournalThatAnotherUserPlantsIsNotPlayedBack(t *testing.T) {
	t.Parallel()
	requireRoot(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "s.db")
	url := "sqlite:" + path + "?app=shop"
	must(t, "init", "--store", url)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	must(t, "start", "--no-wait", "--store", url)
	require.NoError(t, os.WriteFile(path+"-journal", journalOf(t, b), 0o600))
	require.NoError(t, os.Chown(path+"-journal", attacker, attacker))
	require.NoError(t, os.Chmod(dir, 0o777|os.ModeSticky))

	code, stdout, stderr := command(t, nil, "status", "--store", url)
	require.Equal(t, 1, code, stdout)
	require.Contains(t, stderr, "every user of this system can create files in "+dir+" (01777), where SQLite plays back a journal of any user")
	require.NoError(t, os.Remove(path+"-journal"))
	code, _, _ = command(t, nil, "status", "--store", url)
	require.Equal(t, 1, code, "the next journal can be there before the database is opened")
	code, _, stderr = command(t, nil, "init", "--store", "sqlite:"+filepath.Join(dir, "new.db")+"?app=shop")
	require.Equal(t, 1, code, stderr)
	require.NoFileExists(t, filepath.Join(dir, "new.db"))
	require.NoError(t, os.Chmod(dir, 0o755))
	require.Contains(t, must(t, "status", "--store", url), "DOWN")
}

// journalOf is a journal that brings the pages of this database back.
func journalOf(t *testing.T, database []byte) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mine.db")
	require.NoError(t, os.WriteFile(path, database, 0o600))
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(t.Context(), "PRAGMA synchronous = OFF") // the journal counts before it is complete
	require.NoError(t, err)
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(t.Context(), "UPDATE downtime_state SET token = '', document = ''")
	require.NoError(t, err)
	journal, err := os.ReadFile(path + "-journal")
	require.NoError(t, err)
	require.NoError(t, tx.Rollback())
	return journal
}
