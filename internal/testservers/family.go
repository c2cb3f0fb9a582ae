package testservers

// under lists all processes below pid, parents before their children.
func under(pid int, children map[int][]int) []int {
	out := append([]int{}, children[pid]...)
	for i := 0; i < len(out); i++ {
		out = append(out, children[out[i]]...)
	}
	return out
}
