//go:build !race

package core

import (
	"fmt"
	"hash/maphash"
	"slices"
)

// compress renumbers the sequence numbers of the rows of each instance, so that they stay small.
func (m *model) compress(n *fleet) {
	for i := range n.in {
		in := &n.in[i]
		for key := in.key &^ 1; key <= in.key|1; key++ {
			var at [5]*uint8
			count := 0
			add := func(ok bool, p *uint8) {
				if ok {
					at[count] = p
					count++
				}
			}
			add(in.key == key, &in.seq)
			add(in.put.stage != 0 && in.put.key == key, &in.put.seq)
			add(in.late.on && in.late.key == key, &in.late.seq)
			add(n.rows[key].kind == present, &n.rows[key].seq)
			add(n.co.seen[key].kind == present, &n.co.seen[key].seq)
			seqs := at[:count]
			slices.SortFunc(seqs, func(p, q *uint8) int { return int(*p) - int(*q) })
			rank, last := uint8(0), -1
			for _, p := range seqs {
				if int(*p) != last {
					rank++
				}
				last, *p = int(*p), rank
			}
		}
	}
}

// found is the result of a search.
type found struct {
	states, transitions, depth int
	broken                     string   // the invariant
	trace                      []string // the shortest one that breaks it
	limit                      bool     // the search ended because of the limit
	stuck                      int      // states from which no answer can be reached
	answered                   int
	stuckTrace                 []string
}

// search visits every reachable fleet, breadth first, until an invariant breaks.
func (m *model) search(start fleet, limit int) found {
	type visit struct {
		parent int32
		action action
	}
	var (
		seed    = maphash.MakeSeed()
		ids     = map[uint64]int32{}
		visits  []visit
		edges   [][2]int32
		goal    []bool
		level   []fleet
		next    []fleet
		levelID []int32
		nextID  []int32
		f       found
		buffer  []move
	)
	add := func(w *fleet, parent int32, a action) {
		k := maphash.Comparable(seed, *w)
		id, ok := ids[k]
		if !ok {
			id = int32(len(visits))
			ids[k] = id
			visits = append(visits, visit{parent, a})
			goal = append(goal, w.co.phase == declared || w.co.phase == over || w.co.phase == idle)
			next, nextID = append(next, *w), append(nextID, id)
		}
		if parent >= 0 {
			edges = append(edges, [2]int32{parent, id})
		}
	}
	trace := func(id int32) []action {
		var steps []action
		for ; visits[id].parent >= 0; id = visits[id].parent {
			steps = append(steps, visits[id].action)
		}
		slices.Reverse(steps)
		return steps
	}
	add(&start, -1, action{})
	for len(next) > 0 {
		level, next, levelID, nextID = next, level[:0], nextID, levelID[:0]
		f.depth++
		for n := range level {
			buffer = m.moves(&level[n], buffer)
			for _, mv := range buffer {
				f.transitions++
				if mv.broken != "" {
					f.broken, f.states = mv.broken, len(visits)
					f.trace = m.replay(start, append(trace(levelID[n]), mv.action))
					return f
				}
				add(&mv.fleet, levelID[n], mv.action)
			}
		}
		if len(visits) > limit {
			f.limit = true
			break
		}
	}
	f.states = len(visits)
	if f.limit {
		return f
	}
	// From which states can an answer be reached?
	into := make([][]int32, len(visits))
	for _, e := range edges {
		into[e[1]] = append(into[e[1]], e[0])
	}
	reach := slices.Clone(goal)
	var todo []int32
	for id, ok := range goal {
		if ok {
			todo = append(todo, int32(id))
			f.answered++
		}
	}
	for len(todo) > 0 {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, from := range into[id] {
			if !reach[from] {
				reach[from] = true
				todo = append(todo, from)
			}
		}
	}
	for id, ok := range reach {
		if !ok {
			if f.stuck++; f.stuck == 1 {
				f.stuckTrace = m.replay(start, trace(int32(id)))
			}
		}
	}
	return f
}

// replay repeats the steps and describes each fleet.
func (m *model) replay(w fleet, steps []action) []string {
	lines := []string{m.describe(&w)}
	for _, a := range steps {
		for _, mv := range m.moves(&w, nil) {
			if mv.action == a {
				w = mv.fleet
				line := fmt.Sprintf("%v → %s", a, m.describe(&w))
				if mv.broken != "" {
					line += "\n" + mv.broken
				}
				lines = append(lines, line)
				break
			}
		}
	}
	return lines
}
