// Package adaptertest holds tests of our own adapters beside each other: which handler runs for
// thousands of unusual paths, the facts about each router on which the rules rely, hostile
// clients, and the benchmarks. The suite for each single adapter is the public package adaptertest.
package adaptertest
