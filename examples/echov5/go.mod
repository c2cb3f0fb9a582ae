module github.com/go-downtime/downtime/examples/echov5

go 1.26.0

require (
	github.com/go-downtime/downtime v0.1.0
	github.com/go-downtime/downtime/adapters/echov5 v0.1.0
	github.com/labstack/echo/v5 v5.4.4
)

require (
	github.com/gofrs/flock v0.13.2 // indirect
	golang.org/x/sys v0.50.0 // indirect
	golang.org/x/time v0.16.0 // indirect
)

replace (
	github.com/go-downtime/downtime => ../../
	github.com/go-downtime/downtime/adapters/echov5 => ../../adapters/echov5
)
