package filestore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/trust"
	"github.com/go-downtime/downtime/store"
)

const sharedGroup = 65531

// party is a user with a group of its own, and perhaps in sharedGroup.
type party struct {
	id       int
	inShared bool
}

// umaskVar is the umask of a party's process, in octal.
const umaskVar = "FILESTORE_TEST_UMASK"

func init() {
	roles["write"] = func(ctx context.Context, st *Store) error { return umasked(func() error { return change(ctx, st) }) }
	roles["read"] = func(ctx context.Context, st *Store) error {
		if _, err := st.Get(ctx, ""); err != nil {
			return err
		}
		set, err := st.ListRows(ctx, "")
		for _, row := range set.Rows {
			err = errors.Join(err, row.Err)
		}
		return err
	}
	putAndWait := roles["put a row"]
	roles["put a row under an umask"] = func(ctx context.Context, st *Store) error {
		return umasked(func() error { return putAndWait(ctx, st) })
	}
}

func umasked(f func() error) error {
	mask, err := strconv.ParseUint(os.Getenv(umaskVar), 8, 32)
	if err != nil {
		return err
	}
	syscall.Umask(int(mask))
	return f()
}

// program is a copy of this test's program that each user can run. Go's own lies in a directory
// of root's.
func program(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		require.NoError(t, os.Chmod(d, 0o755))
	}
	from, err := os.Open(os.Args[0])
	require.NoError(t, err)
	defer func() { require.NoError(t, from.Close()) }()
	path := filepath.Join(dir, "program")
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(to, from)
	require.NoError(t, errors.Join(err, to.Chmod(0o755), to.Close()))
	return path
}

// does is a process of the party in a role. It is not started.
func (p party) does(t *testing.T, program, role, path, umask string) *exec.Cmd {
	t.Helper()
	cmd := process(t.Context(), role, path, umaskVar+"="+umask)
	cmd.Path, cmd.Dir = program, "/"
	who := &syscall.Credential{Uid: uint32(p.id), Gid: uint32(p.id), Groups: []uint32{}}
	if p.inShared {
		who.Groups = []uint32{sharedGroup}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	return cmd
}

// run returns the output of the process, if it failed.
func run(cmd *exec.Cmd) string {
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return err.Error() + ": " + said.String()
	}
	return ""
}

// TestWhatOnePartyCreatesTheOtherCanRead: two users, in the directories that they usually
// share, under both umasks, in both orders.
func TestWhatOnePartyCreatesTheOtherCanRead(t *testing.T) {
	t.Parallel()
	needRoot(t)
	bin := program(t)
	app, op, root := party{server, true}, party{deployer, true}, party{}
	loneApp, loneOp := party{server, false}, party{deployer, false}
	for name, c := range map[string]struct {
		uid, gid int
		mode     os.FileMode
		app, op  party
		writers  []int // users whose write succeeds, of those who create the files first
	}{
		"a directory of the application and a group":                {server, sharedGroup, 0o770, app, op, []int{server, deployer}},
		"of a group that the application is not in":                 {server, sharedGroup, 0o770, loneApp, op, []int{server, deployer}},
		"of the application and a group, open to read":              {server, sharedGroup, 0o775, app, op, []int{server, deployer}},
		"of root and a group, with its bit":                         {0, sharedGroup, 0o775 | os.ModeSetgid, app, op, []int{server, deployer}},
		"of the operator, and the application reads only":           {deployer, deployer, 0o755, loneApp, loneOp, []int{deployer}},
		"of the operator and a group, and the application is in it": {deployer, sharedGroup, 0o750, app, op, []int{deployer}},
		"like /tmp, of the operator":                                {deployer, deployer, 0o777 | os.ModeSticky, loneApp, loneOp, []int{deployer}},
		"like /tmp, and root operates":                              {0, 0, 0o777 | os.ModeSticky, loneApp, root, []int{0}},
		"of the application, and root operates":                     {server, server, 0o700, loneApp, root, []int{server, 0}},
		"of root, and root operates":                                {0, 0, 0o755, loneApp, root, []int{0}},
	} {
		for _, umask := range []string{"077", "022"} {
			for _, first := range []party{c.app, c.op} {
				other := c.app
				if first == c.app {
					other = c.op
				}
				t.Run(name+", umask "+umask+", user "+strconv.Itoa(first.id)+" first", func(t *testing.T) {
					t.Parallel()
					st := place(t, c.uid)
					require.NoError(t, os.Chown(st.dir, c.uid, c.gid))
					require.NoError(t, os.Chmod(st.dir, c.mode))
					putRow := first.does(t, bin, "put a row under an umask", st.path, umask)
					in, err := putRow.StdinPipe()
					require.NoError(t, err)
					out, err := putRow.StdoutPipe()
					require.NoError(t, err)
					putRow.Stderr = io.Discard // a user who may not write says so
					require.NoError(t, putRow.Start())
					said, err := io.ReadAll(io.LimitReader(out, int64(len("ready\n"))))
					require.NoError(t, err)
					hasRow := string(said) == "ready\n"

					failed := run(first.does(t, bin, "write", st.path, umask))
					ok := false
					for _, id := range c.writers {
						ok = ok || id == first.id
					}
					if ok {
						require.Empty(t, failed)
						require.True(t, hasRow)
					}
					if failed == "" {
						require.Empty(t, run(other.does(t, bin, "read", st.path, umask)), "the other reads")
						require.Empty(t, run(first.does(t, bin, "read", st.path, umask)))
						require.NoError(t, os.Rename(st.path, st.path+".away"))
						require.Contains(t, run(other.does(t, bin, "read", st.path, umask)), store.ErrLost.Error(), "it reads the marker")
						require.NoError(t, os.Rename(st.path+".away", st.path))
						// The other writes in its turn, or is refused and changes nothing.
						before := read(t, again(t, st))
						if run(other.does(t, bin, "write", st.path, umask)) != "" {
							require.Equal(t, before.Bytes, read(t, again(t, st)).Bytes)
						}
						require.Empty(t, run(first.does(t, bin, "read", st.path, umask)), "the first still reads")
					} else {
						require.False(t, ok)
						require.Contains(t, failed, store.ErrReadOnly.Error())
						require.NoFileExists(t, st.path)
					}
					require.NoError(t, in.Close())
					_ = putRow.Wait() // it fails where it may not write
				})
			}
		}
	}
}

// TestAWriteThatAKnownReaderCouldNotReadIsRefused: before it is written, with the remedy.
func TestAWriteThatAKnownReaderCouldNotReadIsRefused(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for name, c := range map[string]struct {
		options []Option
		dir     trust.Owner
		mode    os.FileMode
		row     int // the owner of a live row, if not 0
		file    trust.Owner
		perm    os.FileMode // of an existing document, if not 0
		want    string
	}{
		"an existing file of another group": {
			dir: trust.Owner{UID: deployer, GID: sharedGroup}, mode: 0o770, file: trust.Owner{UID: deployer, GID: deployer}, perm: 0o640,
			want: "group 65531, which can write in the directory: chmod o+r ",
		},
		"an existing file that the directory's owner cannot read": {
			dir: trust.Owner{UID: server, GID: server}, mode: 0o755, file: trust.Owner{UID: deployer, GID: deployer}, perm: 0o640,
			want: "user 65534, who owns the directory: chmod o+r ",
		},
		"an existing file that a live instance cannot read": {
			dir: trust.Owner{UID: deployer, GID: deployer}, mode: 0o755, row: server, file: trust.Owner{UID: deployer, GID: deployer}, perm: 0o640,
			want: "user 65534, who has a live instance: chmod o+r ",
		},
		"a Mode that a live instance cannot read": {
			options: []Option{Mode(0o640)}, dir: trust.Owner{UID: deployer, GID: deployer}, mode: 0o755, row: server,
			want: "user 65534, who has a live instance: set another Mode",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := place(t, c.dir.UID)
			require.NoError(t, os.Chown(st.dir, c.dir.UID, c.dir.GID))
			require.NoError(t, os.Chmod(st.dir, c.mode))
			if c.perm != 0 {
				write(t, st, handwritten)
				require.NoError(t, os.Chown(st.path, c.file.UID, c.file.GID))
				require.NoError(t, os.Chmod(st.path, c.perm))
			}
			if c.row != 0 {
				_, _, err := st.PutRow(t.Context(), "one", []byte("row"), time.Minute)
				require.NoError(t, err)
				require.NoError(t, os.Chown(st.path+".instances/one.json", c.row, c.row))
			}
			before := names(t, st.dir)
			writer, err := New(st.path, c.options...)
			require.NoError(t, err)
			err = change(t.Context(), writer)
			require.ErrorIs(t, err, store.ErrReadOnly)
			require.ErrorContains(t, err, c.want)
			require.ElementsMatch(t, append(before, "downtime.json.lock"), names(t, st.dir))
			if c.perm != 0 {
				do := err.Error()[strings.Index(err.Error(), "chmod o+r"):]
				require.True(t, strings.HasPrefix(do, "chmod o+r "+st.path))
				require.NoError(t, os.Chmod(st.path, c.perm|0o004))
				require.NoError(t, change(t.Context(), writer), "the remedy helps")
			}
		})
	}
}
