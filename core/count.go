package core

import (
	"math/bits"
	"net/http"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// cell counts the requests of its share. Its size keeps neighbours off each other's cache
// lines, and off the pair of lines that processors fetch together.
type cell struct {
	n atomic.Int64
	_ [120]byte
}

// cells is one counter, spread so that processors seldom write the same line. Its length
// is a power of two.
type cells []cell

func newCells() cells {
	want := min(max(4*runtime.GOMAXPROCS(0), 8), 64)
	return make(cells, 1<<bits.Len(uint(want-1))) // 8 to 64
}

// of picks the cell for r by its address, the one thing at hand that differs between
// requests that run at the same time and costs nothing to read. nil is fine.
func (c cells) of(r *http.Request) *cell {
	address := uint64(uintptr(unsafe.Pointer(r))) //nolint:gosec // hashed, never turned back into a pointer
	hash := address >> 6 * 0x9E3779B97F4A7C15 >> 40
	return &c[hash&uint64(len(c)-1)]
}

// total is the sum over the cells, each read at its own moment: exact only when nothing
// moves.
func (c cells) total() int64 {
	var sum int64
	for i := range c {
		sum += c[i].n.Load()
	}
	return sum
}

// quiet watches one retired snapshot until every request that it let in has left. A cell
// that was seen at zero once after the swap stays out of it: whoever counts itself in
// later looks again, finds another snapshot, and counts itself out without being served.
type quiet struct {
	cells cells
	from  int // cells before this one have been seen at zero
}

// look reports whether all cells have been seen at zero by now.
func (q *quiet) look() bool {
	for q.from < len(q.cells) && q.cells[q.from].n.Load() == 0 {
		q.from++
	}
	return q.from == len(q.cells)
}

// Ticket is a request that was counted in. The zero Ticket counts nothing.
type Ticket struct {
	cell *cell
}

// Leave counts the request out. Call it exactly once, deferred, so that a panicking
// handler leaves too.
func (t Ticket) Leave() {
	if t.cell != nil {
		t.cell.n.Add(-1)
	}
}
