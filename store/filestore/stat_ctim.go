//go:build unix && !darwin && !freebsd && !netbsd && !ios && !aix

package filestore

import "syscall"

func ctime(st *syscall.Stat_t) int64 { return st.Ctim.Nano() }
