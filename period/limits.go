package period

import "time"

// Limits on the texts of a [Period], in bytes. They keep a document readable and an answer
// small.
const (
	MaxIDLen     = 64
	MaxReasonLen = 4096
	MaxNameLen   = 256 // Holder, Job, CreatedBy, UpdatedBy
)

// MaxHold is the longest [Period.HoldSeconds]. Clients and proxies give up earlier.
const MaxHold = 10 * time.Minute

// The years of the instants in a document, in UTC.
const (
	MinYear = 2000
	MaxYear = 9998
)
