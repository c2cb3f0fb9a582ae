// Package promdowntime shows the state of a gate to Prometheus. It reads [core.Gate.Status] when
// Prometheus scrapes, and adds nothing to a request.
//
// alerts.yml and dashboard.json beside this package are alert rules, and a dashboard for Grafana.
package promdowntime

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/go-downtime/downtime/core"
)

// New returns a collector of the metrics of gate. It is safe for concurrent use. No label holds a
// path, a reason or an id. A scrape takes the lock of the gate's follower for a moment, which no
// request takes. If a process has several gates, register each with its own constant label, by
// [prometheus.WrapRegistererWith]. New panics if gate is nil.
func New(gate *core.Gate) prometheus.Collector {
	if gate == nil {
		panic("promdowntime: nil gate: look at the error of core.New")
	}
	return collector{gate}
}

type collector struct{ gate *core.Gate }

// figure is a metric without labels.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	// value returns false if there is no value, and then the metric is missing.
	value func(s *core.Status) (v float64, ok bool)
}

// always is for a metric that is never missing.
func always(value func(s *core.Status) float64) func(*core.Status) (float64, bool) {
	return func(s *core.Status) (float64, bool) { return value(s), true }
}

// stored is for a metric that is missing without a store.
func stored(value func(s *core.Status) float64) func(*core.Status) (float64, bool) {
	return func(s *core.Status) (float64, bool) { return value(s), s.Health != core.StoreNone }
}

// instant is for a time that is missing while it is zero.
func instant(value func(s *core.Status) time.Time) func(*core.Status) (float64, bool) {
	return func(s *core.Status) (float64, bool) {
		t := value(s)
		return float64(t.UnixMilli()) / 1000, !t.IsZero()
	}
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("downtime_"+name, help, labels, nil)
}

const (
	gauge   = prometheus.GaugeValue
	counter = prometheus.CounterValue
)

var figures = []figure{
	{desc("closed", "1 while the gate refuses requests, else 0."), gauge, always(func(s *core.Status) float64 { return number(!s.Open) })},
	{desc("emergency", "1 while the gate refuses because of an emergency, else 0."), gauge, always(func(s *core.Status) float64 {
		return number(s.Closure != nil && s.Closure.Emergency)
	})},
	{desc("closed_since_timestamp_seconds", "When this stretch of downtime began. Missing while the gate is open."), gauge, instant(func(s *core.Status) time.Time {
		if s.Closure == nil {
			return time.Time{}
		}
		return s.Closure.Since
	})},
	{desc("expected_end_timestamp_seconds", "The expected end of this downtime. Missing if there is none."), gauge, instant(func(s *core.Status) time.Time {
		if s.Closure == nil {
			return time.Time{}
		}
		return s.Closure.Until
	})},
	{desc("next_start_timestamp_seconds", "When the next window begins, by the clock of the store. Missing if none is planned."), gauge, instant(func(s *core.Status) time.Time {
		return s.NextStart
	})},
	{desc("overdue", "1 while the expected end has passed, else 0."), gauge, always(func(s *core.Status) float64 { return number(s.Overdue) })},
	{desc("drained", "1 while the gate refuses and every request that it admitted while open has ended, else 0."), gauge, always(func(s *core.Status) float64 {
		return number(s.Quiet)
	})},
	{desc("leaving", "1 once the gate was told to shut down, else 0."), gauge, always(func(s *core.Status) float64 { return number(s.Leaving) })},
	{desc("periods_in_force", "Periods in force, also under an override."), gauge, stored(func(s *core.Status) float64 { return float64(len(s.Periods)) })},
	{desc("periods_drained", "Periods that this instance has drained."), gauge, stored(func(s *core.Status) float64 { return float64(len(s.Drained)) })},
	{desc("override_unreadable", "1 while the override file cannot be read, else 0."), gauge, always(func(s *core.Status) float64 { return number(s.OverrideErr != nil) })},
	{desc("requests_held", "Requests that wait until the gate opens."), gauge, always(func(s *core.Status) float64 { return float64(s.Held) })},
	{desc("streams_running", "Streams that handlers have declared, and that run."), gauge, always(func(s *core.Status) float64 {
		sum := int64(0)
		for _, n := range s.Streams {
			sum += n
		}
		return float64(sum)
	})},
	{desc("late_predicates", "Calls of predicates that run beyond their time-out."), gauge, always(func(s *core.Status) float64 { return float64(s.LateCalls) })},
	{desc("store_lost", "1 while the last read of the store has failed, or none has succeeded, else 0."), gauge, stored(func(s *core.Status) float64 {
		return number(s.Health != core.StoreFresh)
	})},
	{desc("store_age_seconds", "Time since the last good read of the store, or since the start."), gauge, stored(func(s *core.Status) float64 { return s.Age.Seconds() })},
	{desc("store_read_errors_total", "Failed reads of the store."), counter, stored(func(s *core.Status) float64 { return float64(s.ReadErrors) })},
	{desc("store_hints_on", "1 while hints of the store arrive, else 0. Missing if the store gives none."), gauge, func(s *core.Status) (float64, bool) {
		return number(strings.HasPrefix(s.Hints, "on")), s.Hints != ""
	}},
	{desc("store_unhinted_changes_total", "Changes that a poll found before a hint told of them. Missing if the store gives no hints."), counter, func(s *core.Status) (float64, bool) {
		return float64(s.Unhinted), s.Hints != ""
	}},
	{desc("store_revision", "Revision of the document that the gate has adopted; 0 if there is none."), gauge, stored(func(s *core.Status) float64 { return float64(s.Revision) })},
	{desc("store_regressed", "1 while the store holds a document that does not continue the adopted one, else 0."), gauge, stored(func(s *core.Status) float64 {
		return number(s.Regressed)
	})},
	{desc("store_clock_offset_seconds", "The clock of the store minus that of this machine."), gauge, stored(func(s *core.Status) float64 { return s.ClockOffset.Seconds() })},
	{desc("store_registered", "1 while the row of this instance is in the store, else 0. Missing if the store keeps no rows."), gauge, func(s *core.Status) (float64, bool) {
		return number(s.Registered), s.Instance != ""
	}},
}

var (
	cause    = desc("cause", "1 for the cause why the gate refuses, or for \"none\" while it is open. 0 for the others.", "cause")
	override = desc("override", "1 for the override in force, else 0.", "direction")
	running  = desc("requests_running", "Running requests, by the outcome of their decision.", "outcome")
	decided  = desc("requests_total", "Decided requests, by outcome and by the cause why the gate was closed.", "outcome", "cause")
)

const lastCause = core.CauseShutdown

// Describe implements [prometheus.Collector].
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range figures {
		ch <- f.desc
	}
	for _, d := range []*prometheus.Desc{cause, override, running, decided} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (c collector) Collect(ch chan<- prometheus.Metric) {
	s := c.gate.Status()
	for _, f := range figures {
		if v, ok := f.value(&s); ok {
			ch <- prometheus.MustNewConstMetric(f.desc, f.kind, v)
		}
	}
	why := core.Cause(0)
	if s.Closure != nil {
		why = s.Closure.Cause
	}
	for c := range lastCause + 1 {
		ch <- prometheus.MustNewConstMetric(cause, gauge, number(c == why), c.String())
	}
	for _, d := range []string{"up", "down"} {
		ch <- prometheus.MustNewConstMetric(override, gauge, number(s.Override == d), d)
	}
	for _, r := range []struct {
		outcome core.Outcome
		n       int64
	}{{core.Open, s.InFlight}, {core.Bypassed, s.Bypassed}, {core.Exempt, s.Exempt}} {
		ch <- prometheus.MustNewConstMetric(running, gauge, float64(r.n), r.outcome.String())
	}
	// Series begin at 0, so that Prometheus sees their first increase.
	for _, o := range []core.Outcome{core.Open, core.Exempt, core.Bypassed, core.Blocked} {
		for c := range lastCause + 1 {
			if n := s.Decided[o][c]; n > 0 || (o == core.Open) == (c == 0) {
				ch <- prometheus.MustNewConstMetric(decided, counter, float64(n), o.String(), c.String())
			}
		}
	}
}
