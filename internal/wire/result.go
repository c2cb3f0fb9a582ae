package wire

// StillDown is the Result of an end after which other periods hold the site down.
const StillDown = "still-down"

// Result is the result of a write, and the state after it.
type Result struct {
	// Result is Up, Down or StillDown.
	Result string `json:"result"`
	// Period was begun, changed, planned or removed; nil after an end.
	Period *Period `json:"period,omitempty"`
	// Ended are the periods that an end has ended; nil after other writes.
	Ended []Period `json:"ended,omitzero"`
	State State    `json:"state"`
	// Barrier is whether the fleet has drained the period; nil if the command did not wait.
	Barrier *Barrier `json:"barrier,omitempty"`
	// Fleet counts the instances; nil if they were not read, or if the store keeps no rows.
	Fleet *Counts `json:"fleet,omitempty"`
}
