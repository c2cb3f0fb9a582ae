// Package proxies tests what visitors get through real proxies: the answer of "downtime page" while no
// process of the application runs, and the refusals of a gate. docs/proxies.md has the findings. The
// package has tests only.
package proxies
