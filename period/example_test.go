package period_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-downtime/downtime/period"
)

func ExampleDecode() {
	doc, err := period.Decode([]byte(`{
		"format": 1,
		"periods": [
			{"id": "disks", "kind": "window", "start": "2026-11-21T02:00:00+01:00", "end": "2026-11-21T04:00:00+01:00", "enabled": true}
		]
	}`))
	if err != nil {
		panic(err)
	}
	p, _ := doc.Find("disks")
	fmt.Println(p.Kind, "from", p.Start)
	fmt.Println("written by hand:", doc.HandEdited())

	// A misspelled member could decide whether the site is down, so it is an error.
	_, err = period.Decode([]byte(`{"format": 1, "periods": [{"id": "disks", "kind": "window", "Start": "2026-11-21T02:00:00Z"}]}`))
	fault, _ := errors.AsType[*period.FieldError](err)
	fmt.Println(fault.Field, fault.Problem)
	// Output:
	// window from 2026-11-21 01:00:00 +0000 UTC
	// written by hand: true
	// periods[0] unknown member; names are in lower case: want "start"
}

func ExampleAt() {
	start := time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)
	periods := []period.Period{
		{ID: "disks", Kind: period.Window, Enabled: true, Start: start, End: start.Add(time.Hour), Reason: "New disks"},
		{ID: "index", Kind: period.Window, Enabled: true, Start: start.Add(time.Hour), End: start.Add(3 * time.Hour), Reason: "New index"},
	}
	for _, hour := range []int{1, 2, 3, 5} {
		v := period.At(periods, start.Truncate(24*time.Hour).Add(time.Duration(hour)*time.Hour))
		fmt.Printf("%d:00 down: %t, until %s, because of %q\n", hour, v.Down, v.Until.Format("15:04"), v.Governing.Reason)
	}
	// Output:
	// 1:00 down: false, until 00:00, because of ""
	// 2:00 down: true, until 05:00, because of "New disks"
	// 3:00 down: true, until 05:00, because of "New index"
	// 5:00 down: false, until 00:00, because of ""
}
