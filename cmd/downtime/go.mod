module github.com/go-downtime/downtime/cmd/downtime

go 1.26.0

require github.com/go-downtime/downtime/cli v0.1.0

require (
	github.com/go-downtime/downtime v0.1.0 // indirect
	github.com/gofrs/flock v0.13.1 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/spf13/cobra v1.10.2 // indirect
	github.com/spf13/pflag v1.0.9 // indirect
	golang.org/x/sys v0.47.0 // indirect
)
