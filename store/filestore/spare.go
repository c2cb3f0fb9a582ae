package filestore

import (
	"errors"
	"os"
	"syscall"
)

// openSpare opens a file for reading, if it is trusted. If the process or the system has no
// descriptor left, as when idle connections hold them all, it uses the one that the Store keeps
// in reserve: the gate must still learn that the site is down. The caller holds s.mu and calls
// done after the read.
func (s *Store) openSpare(path string) (f *os.File, done func(), err error) {
	f, err = s.rule().Open(path)
	borrowed := s.spare != nil && (errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE))
	if borrowed {
		_ = s.spare.Close() // it holds no data
		s.spare = nil
		if f, err = s.rule().Open(path); err != nil {
			s.reserve()
		}
	}
	if err != nil {
		return nil, nil, err
	}
	if borrowed {
		// The open file becomes the reserve. If it were closed first, another goroutine could
		// take its descriptor.
		return f, func() { s.spare = f }, nil
	}
	return f, func() {
		_ = f.Close() // it was only read
		s.reserve()
	}, nil
}

// reserve opens the descriptor in reserve, if there is none. If that fails, the next read tries
// again. The caller holds s.mu.
func (s *Store) reserve() {
	if s.spare == nil {
		s.spare, _ = os.Open(os.DevNull) // nil after an error
	}
}
