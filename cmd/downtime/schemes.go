//go:build !fileonly

package main

import "github.com/go-downtime/downtime/cli"

// schemes are the stores that --store can name, beside file:PATH, and the databases with locks.
func schemes() []cli.Option {
	return []cli.Option{
		cli.WithScheme("sqlite", "sqlite:PATH?app=NAME", openSQLite),
		cli.WithScheme("postgres", "postgres://HOST/DATABASE?app=NAME", openPostgres),
		cli.WithScheme("postgresql", "", openPostgres), // the same by its other name
		cli.WithScheme("mysql", "mysql://HOST/DATABASE?app=NAME", openMySQL),
		cli.WithScheme("redis", "redis://HOST?app=NAME", openRedis),
		cli.WithScheme("rediss", "rediss://HOST?app=NAME", openRedis),
		cli.WithLocker("postgres", openLock),
		cli.WithLocker("postgresql", openLock),
	}
}
