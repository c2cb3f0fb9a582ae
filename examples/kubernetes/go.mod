module github.com/go-downtime/downtime/examples/kubernetes

go 1.26.0

require (
	github.com/go-downtime/downtime v0.1.0
	github.com/go-downtime/downtime/store/pgstore v0.1.0
	github.com/jackc/pgx/v5 v5.13.0
)

require (
	github.com/gofrs/flock v0.13.2 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	golang.org/x/sync v0.25.0 // indirect
	golang.org/x/sys v0.50.0 // indirect
	golang.org/x/text v0.44.0 // indirect
)

replace (
	github.com/go-downtime/downtime => ../../
	github.com/go-downtime/downtime/store/pgstore => ../../store/pgstore
)
