package filestore

import (
	"errors"
	"os"
	"syscall"
)

// openSpareLocked opens a file for reading, if it is trusted. If the process or the system has no
// descriptor left, as when idle connections hold them all, it uses the one that the Store keeps
// in reserve: the gate must still learn that the site is down. The caller calls done after the read.
func (s *Store) openSpareLocked(path string) (f *os.File, done func(), err error) {
	f, err = s.rule().Open(path)
	borrowed := s.spare != nil && usedUp(err)
	if borrowed {
		_ = s.spare.Close() // it holds no data
		s.spare = nil
		f, err = s.rule().Open(path)
	}
	if err != nil {
		s.keepSpareLocked() // also before there is a document
		return nil, nil, err
	}
	if borrowed {
		// The open file becomes the reserve. If it were closed first, another goroutine could
		// take its descriptor.
		return f, func() { s.spare = f }, nil
	}
	return f, func() {
		_ = f.Close() // it was only read
		s.keepSpareLocked()
	}, nil
}

// keepSpareLocked opens the descriptor in reserve, if there is none. If that fails, the next read tries
// again.
func (s *Store) keepSpareLocked() {
	if s.spare == nil {
		s.spare, _ = os.Open(os.DevNull) // nil after an error
	}
}

// usedUp reports whether the process or the system has no descriptor left.
func usedUp(err error) bool { return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) }

// rowFiles is how many files a write of a row opens at the same time.
const rowFiles = 3

// withReserveLocked calls do, and once more with the descriptors in reserve if the process has no other:
// the row must still say what the gate does. It keeps a reserve while a row is held.
func (s *Store) withReserveLocked(do func() error) error {
	err := do()
	if usedUp(err) && s.freeReserve() {
		err = do()
	}
	if len(s.held) == 0 {
		s.freeReserve()
		return err
	}
	for i, f := range s.reserve {
		if f == nil {
			s.reserve[i], _ = os.Open(os.DevNull) // nil after an error: the next call tries again
		}
	}
	return err
}

// freeReserve closes the reserve, and reports whether there was one.
func (s *Store) freeReserve() (found bool) {
	for i, f := range s.reserve {
		if f != nil {
			found = true
			_ = f.Close() // it holds no data
			s.reserve[i] = nil
		}
	}
	return found
}
