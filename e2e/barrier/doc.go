// Package barrier tests the barrier with instances that are processes, on real stores.
package barrier
