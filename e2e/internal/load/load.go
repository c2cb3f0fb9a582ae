// Package load sends a steady load: arrivals at a fixed rate, as from visitors that do not wait for
// each other.
package load

import (
	"sync"
	"time"
)

// Arrive calls visit(0), visit(1) and so on, each in a goroutine of its own. Visit n begins n
// intervals after the first one, whether or not earlier visits have ended. A late visit begins at
// once, so no visit is left out. Arrive returns when more(n) is false, with the number of visits,
// and with a function that waits until all of them have ended.
func Arrive(every time.Duration, more func(n int) bool, visit func(n int)) (visits int, wait func()) {
	var group sync.WaitGroup
	due := time.NewTimer(0)
	defer due.Stop()
	begun := time.Now()
	for n := 0; ; n++ {
		due.Reset(time.Until(begun.Add(time.Duration(n) * every)))
		<-due.C
		if !more(n) {
			return n, group.Wait
		}
		group.Go(func() { visit(n) })
	}
}
