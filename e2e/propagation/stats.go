package main

import (
	"fmt"
	"slices"
	"time"
)

// sample is a number of durations.
type sample []time.Duration

// quantile is the smallest value that the share q of the sample does not exceed.
func (s sample) quantile(q float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	n := int(q*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(n, 0), len(sorted)-1)]
}

func (s sample) max() time.Duration { return s.quantile(1) }

// ms is d in milliseconds, as the tables show it.
func ms(d time.Duration) string {
	switch v := d.Seconds() * 1000; {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}
