package core

// StoreHealth is the relation of a gate to its store.
type StoreHealth string

const (
	// StoreNone means that the Config has no store.
	StoreNone StoreHealth = "none"
	// StoreFresh means that the last read succeeded.
	StoreFresh StoreHealth = "fresh"
	// StoreLost means that the last read failed. The gate keeps its last state.
	StoreLost StoreHealth = "lost"
	// StoreNeverRead means that no read ever succeeded.
	StoreNeverRead StoreHealth = "never-read"
)
