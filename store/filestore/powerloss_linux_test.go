package filestore

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store"
)

func init() {
	// Begins and ends deployments and renews rows, as fast as it can. It prints the revision of each
	// confirmed write.
	roles["operate and report"] = func(ctx context.Context, st *Store) error {
		op := operator.Operator{Store: st, Actor: "ann"}
		for n := 0; ; n++ {
			var res operator.Result
			var err error
			if n%2 == 0 {
				res, err = op.Start(ctx, operator.StartOptions{Holder: "ann", Reason: new(strconv.Itoa(n))})
			} else {
				res, err = op.End(ctx, operator.EndOptions{Holder: "ann"})
			}
			if err != nil {
				return err
			}
			m := res.After.Mark()
			fmt.Println(m.Revision)
			for _, key := range []string{"a", "b", "c"} {
				row := period.Row{ID: key, Host: "web1", State: period.Open, StoreID: m.StoreID, Revision: m.Revision, WriteID: m.WriteID, Reads: period.Reads()}
				b, err := row.Encode()
				if err != nil {
					return err
				}
				if _, _, err := st.PutRow(ctx, key, b, time.Minute); err != nil {
					return err
				}
			}
		}
	}
}

// device is a file system on a loop device over an image file.
type device struct{ image, dir string }

// newDevice makes and mounts a file system, or skips the test.
func newDevice(t *testing.T, kind, megabytes string) device {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("NOT TESTED, only root can mount a device: run this test as root")
	}
	d := device{image: filepath.Join(t.TempDir(), "image")}
	sh(t, "truncate", "-s", megabytes+"M", d.image)
	sh(t, "mkfs."+kind, "-q", d.image)
	d.mount(t, kind)
	return d
}

// mount mounts the image in a new directory.
func (d *device) mount(t *testing.T, kind string) {
	t.Helper()
	d.dir = t.TempDir()
	options := "loop"
	if kind == "xfs" {
		options += ",nouuid" // the copy and the original have the same
	}
	dir := d.dir
	sh(t, "mount", "-t", kind, "-o", options, d.image, dir)
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
}

// sh runs a program, or skips the test if it is missing or not permitted.
func sh(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Skipf("NOT TESTED, %s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}

// cut copies the device while the writer is stopped. The copy is what a machine finds after its
// power was cut: it has nothing of what the system keeps in memory. The kernel can finish a write
// meanwhile. A copy with a part of it is no state that the device ever had, and is made again.
func (d *device) cut(t *testing.T, writer *os.Process) device {
	t.Helper()
	require.NoError(t, writer.Signal(syscall.SIGSTOP))
	copied := device{image: filepath.Join(t.TempDir(), "copy")}
	for same := false; !same; {
		from, err := os.Open(d.image)
		require.NoError(t, err)
		to, err := os.Create(copied.image)
		require.NoError(t, err)
		_, err = io.Copy(to, from)
		require.NoError(t, errors.Join(err, from.Close(), to.Close()))
		same = equal(t, d.image, copied.image)
	}
	require.NoError(t, writer.Signal(syscall.SIGCONT))
	return copied
}

// equal compares two files of the same length.
func equal(t *testing.T, one, other string) bool {
	t.Helper()
	var files [2]*os.File
	for n, path := range []string{one, other} {
		var err error
		files[n], err = os.Open(path)
		require.NoError(t, err)
		defer func() { require.NoError(t, files[n].Close()) }()
	}
	var parts [2][1 << 18]byte
	for {
		n, err := files[0].Read(parts[0][:])
		if errors.Is(err, io.EOF) {
			return true
		}
		require.NoError(t, err)
		_, err = io.ReadFull(files[1], parts[1][:n])
		require.NoError(t, err)
		if !bytes.Equal(parts[0][:n], parts[1][:n]) {
			return false
		}
	}
}

// TestAPowerCutLosesNoConfirmedWrite: after each cut the document is whole, has each confirmed write
// and its entry in the log, and the marker is not ahead of it. Rows are not durable: what is left of
// them stands in the way of no command.
func TestAPowerCutLosesNoConfirmedWrite(t *testing.T) {
	t.Parallel()
	cuts := 25
	if testing.Short() {
		cuts = 5
	}
	for kind, megabytes := range map[string]string{"ext4": "32", "xfs": "320"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			d := newDevice(t, kind, megabytes)
			cmd := process(t.Context(), "operate and report", filepath.Join(d.dir, "downtime.json"))
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			defer func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			}()
			lines, unreadable := bufio.NewScanner(out), 0
			for range cuts {
				confirmed := 0
				for range 1 + rand.IntN(6) {
					require.True(t, lines.Scan(), "the writer goes on")
					confirmed = number(t, lines.Text())
				}
				<-time.After(rand.N(3 * time.Millisecond))
				found := d.cut(t, cmd.Process)
				found.mount(t, kind)
				unreadable += requireWhole(t, filepath.Join(found.dir, "downtime.json"), int64(confirmed))
			}
			t.Logf("%d cuts, after which %d rows could not be read", cuts, unreadable)
		})
	}
}

// requireWhole returns how many rows cannot be read.
func requireWhole(t *testing.T, path string, confirmed int64) (unreadable int) {
	t.Helper()
	st, err := New(path)
	require.NoError(t, err)
	op := operator.Operator{Store: st}
	fleet, err := op.Fleet(t.Context())
	require.NoError(t, err)
	require.NoError(t, fleet.Err)
	require.GreaterOrEqual(t, fleet.Document.Revision, confirmed)
	require.False(t, fleet.Document.HandEdited())
	require.Empty(t, fleet.WentBack(), "the marker is not ahead of the document")
	entries, err := fleet.Document.Log.Entries()
	require.NoError(t, err)
	require.Equal(t, fleet.Document.Revision, entries[0].Revision)
	for _, i := range fleet.Instances {
		if i.Err != nil {
			unreadable++
			require.True(t, i.Silent())
		}
	}
	_, err = op.Reconcile(t.Context(), operator.ReconcileOptions{})
	require.NoError(t, err)
	_, _, err = st.PutRow(t.Context(), "new", []byte("row"), time.Minute)
	require.NoError(t, err)
	return unreadable
}

// TestAnEmptyRowIsSilent: XFS leaves rows so after a power cut.
func TestAnEmptyRowIsSilent(t *testing.T) {
	t.Parallel()
	st, _ := written(t)
	_, _, err := st.PutRow(t.Context(), "a", []byte("row"), time.Minute)
	require.NoError(t, err)
	for _, name := range []string{"a.json", sinceName} {
		require.NoError(t, os.Truncate(filepath.Join(st.dir, st.rowsName(), name), 0))
	}
	set, err := again(t, st).ListRows(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, set.Rows, 1)
	require.Equal(t, store.Expired, set.Rows[0].Life)
	require.Error(t, set.Rows[0].Err)
}
