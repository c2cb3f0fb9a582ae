//go:build !fileonly

package main

import (
	"cmp"
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/sqlstore"
)

const mysqlForm = "mysql://[USER@]HOST[:PORT]/DATABASE?app=NAME[&schema=DATABASE][&prefix=PREFIX]"

// openMySQL opens a database of MySQL or MariaDB. Other parameters than ours go to the
// driver, for example tls=true.
func openMySQL(_ context.Context, text string) (store.Store, error) {
	l, err := parseLocation(text, mysqlForm, "schema", "prefix")
	if err != nil {
		return nil, err
	}
	name := strings.TrimPrefix(l.Path, "/")
	if name == "" || strings.Contains(name, "/") {
		return nil, fault("names no database; want " + mysqlForm)
	}
	host := cmp.Or(l.Host, "127.0.0.1")
	if l.Port() == "" {
		host += ":3306"
	}
	// User, password and database would need escapes in the driver's own syntax.
	parse := func(query string) (*mysql.Config, error) { return mysql.ParseDSN("tcp(" + host + ")/?" + query) }
	cfg, err := parse(l.RawQuery)
	if err != nil {
		return nil, l.blame(func(query string) error { _, err := parse(query); return err })
	}
	cfg.User, cfg.Passwd, cfg.DBName = l.User.Username(), l.password(), name
	cfg.ParseTime, cfg.Loc = true, time.UTC
	cfg.InterpolateParams = true // one round trip for each statement
	cfg.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, fault("the driver refuses it; want " + mysqlForm)
	}
	return newDatabase(sql.OpenDB(connector), sqlstore.MySQL, l.options("mysql://"+host+"/"+name))
}
