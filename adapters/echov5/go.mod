module github.com/go-downtime/downtime/adapters/echov5

go 1.26.0

require (
	github.com/go-downtime/downtime v0.1.0
	github.com/labstack/echo/v5 v5.4.4
	github.com/stretchr/testify v1.12.1
)

require (
	go.yaml.in/yaml/v3 v3.0.6 // indirect
	golang.org/x/time v0.16.0 // indirect
)

replace github.com/go-downtime/downtime => ../../
