package main

import "github.com/go-downtime/downtime/cli"

// version is that of a release, which the linker sets. If it is empty, the command shows the version
// of its module.
var version string

func options() []cli.Option {
	if version == "" {
		return schemes()
	}
	return append(schemes(), cli.WithVersion(version))
}
