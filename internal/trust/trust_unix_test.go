//go:build unix

package trust

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Users of the tests.
const (
	owner    = 65534 // of a directory
	instance = 65533 // whom the caller adds
	attacker = 65532
)

const (
	private     = 0o755
	group       = 0o775
	forAll      = 0o777
	sticky      = 0o777 | os.ModeSticky
	groupSticky = 0o775 | os.ModeSticky
)

// world is a directory with one file in it.
type world struct {
	dir       os.FileMode
	dirOwner  int
	file      os.FileMode // zero means 0600
	fileOwner int
	twoNames  bool
	links     []link // that lead to the file, the last one first
}

// link is a link in a directory of its own.
type link struct {
	dir          os.FileMode
	dirOwner, of int
	relative     bool
	through      bool // it stands for the directory in the path
}

// make returns the path that leads to the file.
func (w world) make(t *testing.T) string {
	t.Helper()
	base := t.TempDir()
	dir := filepath.Join(base, "dir")
	path := filepath.Join(dir, "file")
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, os.WriteFile(path, []byte("content"), 0o600))
	if w.file != 0 {
		require.NoError(t, os.Chmod(path, w.file))
	}
	if w.twoNames {
		require.NoError(t, os.Link(path, filepath.Join(base, "other name")))
	}
	own(t, path, w.fileOwner)
	own(t, dir, w.dirOwner)
	require.NoError(t, os.Chmod(dir, w.dir))
	for n, l := range w.links {
		in := filepath.Join(base, "links"+strings.Repeat("+", n))
		require.NoError(t, os.Mkdir(in, 0o755))
		at, target, rest := filepath.Join(in, "link"), path, ""
		if l.through {
			target, rest = filepath.Dir(path), filepath.Base(path)
		}
		if l.relative {
			var err error
			target, err = filepath.Rel(in, target)
			require.NoError(t, err)
		}
		require.NoError(t, os.Symlink(target, at))
		own(t, at, l.of)
		own(t, in, l.dirOwner)
		require.NoError(t, os.Chmod(in, l.dir))
		path = filepath.Join(at, rest)
	}
	return path
}

func own(t *testing.T, path string, uid int) {
	t.Helper()
	if uid != 0 {
		require.NoError(t, os.Lchown(path, uid, uid))
	}
}

func TestWhichFilesAreBelieved(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can play several users: run this test as root")
	}
	const believed = ""
	for name, c := range map[string]struct {
		world

		want string // in the error
	}{
		"in a private directory":                                   {world{dir: private}, believed},
		"of another user in a private directory":                   {world{dir: private, fileOwner: attacker}, believed},
		"with two names in a private directory":                    {world{dir: private, twoNames: true}, believed},
		"in a directory of a group":                                {world{dir: group, fileOwner: attacker}, believed},
		"in a sticky directory of a group":                         {world{dir: groupSticky, fileOwner: attacker}, believed},
		"that its group can write":                                 {world{dir: private, file: 0o660}, believed},
		"that all can write":                                       {world{dir: private, file: 0o666}, "(0666): chmod o-w it"},
		"in a directory that all can write":                        {world{dir: forAll}, "dir (0777), and so replace its files: chmod o-w the directory"},
		"of the owner in a directory that all can write":           {world{dir: forAll, dirOwner: owner, fileOwner: owner}, "(0777)"},
		"of root in a shared directory":                            {world{dir: sticky, dirOwner: owner}, believed},
		"of root in root's shared directory":                       {world{dir: sticky}, believed},
		"of the directory's owner in a shared directory":           {world{dir: sticky, dirOwner: owner, fileOwner: owner}, believed},
		"of a user of the caller's in a shared directory":          {world{dir: sticky, fileOwner: instance}, believed},
		"of another user in a shared directory":                    {world{dir: sticky, dirOwner: owner, fileOwner: attacker}, "file belongs to user 65532, and every user of this system can create files in "},
		"of the owner of another directory in root's shared one":   {world{dir: sticky, fileOwner: owner}, "where only those of root and of users with a live instance are trusted"},
		"of another user, for all to write, in a shared directory": {world{dir: sticky, file: 0o666, fileOwner: attacker}, "belongs to user 65532"},
		"of root, for all to write, in a shared directory":         {world{dir: sticky, file: 0o666}, "chmod o-w it"},
		"of root with two names in a shared directory":             {world{dir: sticky, twoNames: true}, "has a second name, a hard link"},

		"by a link in a private directory": {
			world{dir: private, links: []link{{dir: private, of: attacker}}}, believed,
		},
		"by a link in a directory that all can write": {
			world{dir: private, links: []link{{dir: forAll}}}, "links (0777)",
		},
		"by root's link in a shared directory": {
			world{dir: private, links: []link{{dir: sticky}}}, believed,
		},
		"by another user's link in a shared directory": {
			world{dir: private, links: []link{{dir: sticky, of: attacker}}}, "link belongs to user 65532",
		},
		"by a link in a private directory to another one in a directory that all can write": {
			world{dir: private, links: []link{{dir: forAll}, {dir: private}}}, "links (0777)",
		},
		"by relative links through private directories": {
			world{dir: private, links: []link{{dir: private, relative: true}, {dir: private, relative: true}, {dir: private, relative: true}}}, believed,
		},
		"by a relative link to one in a shared directory": {
			world{dir: private, links: []link{{dir: sticky, of: attacker}, {dir: private, relative: true}}}, "link belongs to user 65532",
		},
		"through a link to its directory": {
			world{dir: private, links: []link{{dir: private, through: true}}}, believed,
		},
		"through a link to its directory that all can replace": {
			world{dir: private, links: []link{{dir: forAll, through: true}}}, "links (0777)",
		},
		"through another user's relative link to its directory": {
			world{dir: private, links: []link{{dir: sticky, of: attacker, through: true, relative: true}}}, "link belongs to user 65532",
		},
		"by a link to a directory that all can write": {
			world{dir: forAll, links: []link{{dir: private}}}, "dir (0777)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := c.make(t)
			rule := Rule{Option: "the option", Also: func(uid int) bool { return uid == instance }}
			f, err := rule.Open(path)
			found, findErr := rule.Find(path)
			if c.want == believed {
				require.NoError(t, err)
				requireContent(t, f)
				require.NoError(t, findErr)
				require.Equal(t, "dir/file", filepath.Join(filepath.Base(filepath.Dir(found)), filepath.Base(found)))
			} else {
				for _, err := range []error{err, findErr} {
					require.ErrorContains(t, err, c.want)
					require.ErrorContains(t, err, ", or set the option")
					untrusted := new(Error)
					require.ErrorAs(t, err, &untrusted)
				}
				require.Nil(t, f)
			}
			rule.Lifted = true
			f, err = rule.Open(path)
			require.NoError(t, err)
			requireContent(t, f)
		})
	}
}

func requireContent(t *testing.T, f *os.File) {
	t.Helper()
	b, err := io.ReadAll(f)
	require.NoError(t, err)
	require.Equal(t, "content", string(b))
	require.NoError(t, f.Close())
}

func TestWhoMayWrite(t *testing.T) {
	t.Parallel()
	me := os.Geteuid()
	for name, c := range map[string]struct {
		mode os.FileMode
		also bool
		want string
	}{
		"in a private directory":                 {private, false, ""},
		"in a directory that all can write":      {forAll, true, "chmod o-w the directory"},
		"its owner in a shared directory":        {sticky, false, ""},
		"a user of the caller's in a shared one": {sticky, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.Chmod(dir, c.mode))
			info, err := os.Stat(dir)
			require.NoError(t, err)
			err = Rule{Also: func(uid int) bool { return c.also && uid == me }}.Writer(dir, info)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "or set", "there is no option")
		})
	}
}

func TestAMissingFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Symlink("nothing", filepath.Join(dir, "link")))
	for name, want := range map[string]string{"file": "file", "link": "nothing", "./x/../file": "file", "none/file": ""} {
		if name == "./x/../file" {
			require.NoError(t, os.Mkdir(filepath.Join(dir, "x"), 0o700))
		}
		found, err := Rule{}.Find(dir + "/" + name)
		require.ErrorIs(t, err, fs.ErrNotExist, name)
		if want != "" {
			want = filepath.Join(dir, want)
		}
		require.Equal(t, want, found, name)
	}
	require.NoError(t, os.Chmod(dir, 0o777))
	_, err := Rule{}.Find(filepath.Join(dir, "file"))
	require.ErrorContains(t, err, "every user of this system can write in the directory", "any user can have removed it")
	_, err = Rule{Lifted: true}.Find(filepath.Join(dir, "file"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestTwoDotsLeadUpFromTheTargetOfALink(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(base, "a", "b"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(base, "a", "file"), []byte("content"), 0o600))
	require.NoError(t, os.Symlink("a/b/", filepath.Join(base, "link")))
	f, err := Rule{}.Open(base + "/link/../file") // as the kernel reads it
	require.NoError(t, err)
	requireContent(t, f)
}

func TestARelativePathBeginsInTheWorkingDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("file", []byte("content"), 0o600))
	f, err := Rule{}.Open("./file")
	require.NoError(t, err)
	requireContent(t, f)
}

func TestAChainOfLinksWithoutAnEnd(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink("link", path))
	_, err := Rule{}.Open(path)
	require.ErrorIs(t, err, syscall.ELOOP)
}

func TestAFileThatIsNotRegularIsNotOpened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for path, want := range map[string]string{
		pipe: "is a named pipe, want a regular file", dir: "is a directory, want a regular file", "/dev/null": "/dev/null is a device, want a regular file",
	} {
		_, err := Rule{Lifted: true}.Open(path)
		require.ErrorContains(t, err, want)
	}
	in, err := os.Stat(dir)
	require.NoError(t, err)
	_, err = Rule{}.open(pipe, in) // it became one after it was looked at
	require.ErrorContains(t, err, "is a named pipe, want a regular file")
}

// TestLinksOfTheProcessFileSystem lead elsewhere than their text says.
func TestLinksOfTheProcessFileSystem(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("content"), 0o600))
	through := "/proc/self/root" + path
	if _, err := os.Stat(through); err != nil {
		t.Skip("this system has none")
	}
	found, err := Rule{}.Find(through)
	require.NoError(t, err)
	require.Equal(t, through, found)
	f, err := Rule{}.Open(through)
	require.NoError(t, err)
	requireContent(t, f)
}
