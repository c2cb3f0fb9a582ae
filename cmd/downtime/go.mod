module github.com/go-downtime/downtime/cmd/downtime

go 1.26.0

require github.com/go-downtime/downtime/cli v0.1.0
