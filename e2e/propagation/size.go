package main

// size is a number of instances on a number of handles.
type size struct {
	instances, handles, rounds int
	simulated                  bool
	reports                    bool // simulated instances keep rows
}

// gates are real instances, and simulations simulated ones.
func gates(instances, handles, rounds int) size {
	return size{instances: instances, handles: handles, rounds: rounds}
}

func simulations(instances, handles, rounds int) size {
	return size{instances: instances, handles: handles, rounds: rounds, simulated: true}
}

// reporting are simulated instances that keep rows.
func reporting(instances, handles, rounds int) size {
	return size{instances: instances, handles: handles, rounds: rounds, simulated: true, reports: true}
}

// kind is the name of the instances in the tables.
func (s size) kind() string {
	if s.simulated {
		return "simulated"
	}
	return "real"
}

// budgeted reports whether the budget holds for this fleet: real gates below a thousand, and
// a thousand simulated ones. A thousand real gates in one process share its processors, so
// their times only inform.
func (s size) budgeted() bool { return s.simulated || s.instances < crowd }

// verdict is the text of the budget for a fleet of this size, and whether it is kept.
func (s size) verdict(bound string, ok bool) (string, bool) {
	if !s.budgeted() {
		return "none", true
	}
	return verdict(bound, ok), ok
}

// crowd is the size of a fleet that is measured alone, because it keeps the machine busy.
const crowd = 1000
