package admin

import "github.com/go-downtime/downtime/internal/wire"

// choice is an option of a list.
type choice struct{ Value, Text string }

// durations are the choices for the expected duration of a start.
var durations = []choice{
	{"5m", "5 minutes"},
	{"10m", "10 minutes"},
	{"15m", "15 minutes"},
	{"30m", "30 minutes"},
	{"1h", "1 hour"},
	{"2h", "2 hours"},
	{"4h", "4 hours"},
	{"8h", "8 hours"},
	{"24h", "24 hours"},
}

// fleetChoices are the values of [fleetPage.Only].
var fleetChoices = []choice{
	{"", "all instances"},
	{"differs", "differ from the store"},
	{"serves", "serve visitors"},
	{"refuses", "refuse visitors"},
	{wire.Silent, "are silent or dead"},
}
