package core_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/period"
)

// This example shows the decisions of tonight, with the Config of the application.
func ExampleExplain() {
	start := time.Date(2097, 3, 8, 1, 0, 0, 0, time.UTC)
	doc := &period.Document{Periods: []period.Period{
		{ID: "disks", Kind: period.Window, Enabled: true, Start: start, End: start.Add(time.Hour)},
	}}
	cfg := core.Config{ExemptPaths: []string{"/static"}}
	for _, path := range []string{"/shop", "/static/app.css"} {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, http.NoBody)
		for _, at := range []time.Time{start.Add(-time.Minute), start} {
			d, err := core.Explain(cfg, doc, at, r)
			if err != nil {
				panic(err)
			}
			fmt.Println(at.Format(time.TimeOnly), path, d.Outcome)
		}
	}
	// Output:
	// 00:59:00 /shop open
	// 01:00:00 /shop blocked
	// 00:59:00 /static/app.css open
	// 01:00:00 /static/app.css exempt
}
