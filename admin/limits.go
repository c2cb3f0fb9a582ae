package admin

import (
	"time"

	"github.com/go-downtime/downtime/period"
)

const (
	// maxBody is the largest form or JSON document, in bytes.
	maxBody = 64 << 10
	// requestTimeout is how long a request may use the store.
	requestTimeout = 10 * time.Second

	// maxItems is how many items a list may have, and fewItems how many it has by default.
	maxItems = 1000
	fewItems = 100
	// maxShown is how many periods in force, and how many upcoming ones, a state lists.
	maxShown = 100
	// fewIDs is how many periods the line of an entry names.
	fewIDs = 3

	// maxHold is [period.MaxHold] in seconds.
	maxHold = int64(period.MaxHold / time.Second)
)
