//go:build man

package main

import (
	"log"
	"os"

	"github.com/spf13/cobra/doc"

	"github.com/go-downtime/downtime/cli"
)

// With the build tag man, this program writes the man pages of the command into a directory, and
// does nothing else: go run -tags man ./cmd/downtime DIRECTORY
func init() {
	root := cli.Command(schemes()...)
	root.DisableAutoGenTag = true
	header := doc.GenManHeader{Section: "1", Source: "downtime", Manual: "downtime"}
	if err := doc.GenManTree(root, &header, os.Args[1]); err != nil {
		log.Fatal(err)
	}
	os.Exit(0)
}
