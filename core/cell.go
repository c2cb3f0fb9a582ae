package core

import (
	"net/http"
	"sync/atomic"
	"unsafe"
)

// cell counts its share of the requests of one snapshot. Its size of 128 bytes keeps two cells
// out of one cache line, and out of one pair of lines that a processor fetches together.
type cell struct {
	entered, left, refused atomic.Int64

	_ [104]byte
}

// cells is one set of counters, spread so that processors seldom write the same line. Its
// length is a power of two.
type cells []cell

// numCells is the length of cells in a gate. With many cells, two concurrent requests seldom select
// the same one.
const numCells = 64

// cellBlock is the memory of cells. A ticket points into it, so a gate is not collected while a
// request that it admitted runs: the cleanup of a collected gate deletes its row.
type cellBlock struct {
	cells [numCells]cell
	owner any // only to keep it from being collected
}

func newCells(owner any) cells {
	return (&cellBlock{owner: owner}).cells[:]
}

// of selects the cell for r by the address of r. Concurrent requests have different addresses,
// and reading the address costs nothing. r may be nil.
func (c cells) of(r *http.Request) *cell {
	address := uint64(uintptr(unsafe.Pointer(r))) //nolint:gosec // hashed, never turned back into a pointer
	hash := address >> 6 * 0x9E3779B97F4A7C15 >> 40
	return &c[hash&uint64(len(c)-1)]
}

// running returns the number of requests that were counted in and not yet counted out. It is
// exact only while no request enters or leaves.
func (c cells) running() int64 {
	var sum int64
	for i := range c {
		left := c[i].left.Load() // first, so that the difference is never negative
		sum += c[i].entered.Load() - left
	}
	return sum
}

// judged returns the number of requests that were admitted, and of those that were refused.
func (c cells) judged() (admitted, refused int64) {
	for i := range c {
		admitted += c[i].entered.Load()
		refused += c[i].refused.Load()
	}
	return admitted, refused
}

// quiet checks the cells of a replaced snapshot. Each cell must be empty once after the swap. A
// later request that counts itself in looks again, finds another snapshot, and counts itself out.
// It is not served under the replaced snapshot.
type quiet struct {
	cells cells
	from  int // cells before this one have been seen empty
}

// look reports whether each cell was empty at least once. It reads left before entered. If both
// are equal, the cell was empty at the instant between the two loads.
func (q *quiet) look() bool {
	for ; q.from < len(q.cells); q.from++ {
		c := &q.cells[q.from]
		left := c.left.Load()
		if c.entered.Load() != left {
			return false
		}
	}
	return true
}
