//go:build !fileonly

package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/go-downtime/downtime/store"
	"github.com/go-downtime/downtime/store/redisstore"
)

const redisForm = "redis://[USER@]HOST[:PORT][/NUMBER]?app=NAME[&cluster=true | &master_name=NAME][&wait_replicas=N]"

// redisFields are our parameters by the names of redisstore's options.
var redisFields = map[string]string{"App": "app", "WaitReplicas": "wait_replicas"}

// redisStore is a store in Redis whose client it closes.
type redisStore struct {
	*redisstore.Store

	client redis.UniversalClient
}

// Close closes the store, and then the client.
func (r redisStore) Close() error { return errors.Join(r.Store.Close(), r.client.Close()) }

// openRedis opens a Redis or Valkey: one server, a cluster, or the primary that a Sentinel
// names. Other parameters than ours go to the client, for example dial_timeout=1s.
func openRedis(_ context.Context, text string) (store.Store, error) {
	l, err := parseLocation(text, redisForm, "cluster", "wait_replicas")
	if err != nil {
		return nil, err
	}
	o := redisstore.Options{App: l.ours["app"]}
	if n := l.ours["wait_replicas"]; n != "" {
		if o.WaitReplicas, err = strconv.Atoi(n); err != nil {
			return nil, &store.FieldError{Field: "store", Value: n, Problem: "wait_replicas: want a number"}
		}
	}
	logging.Disable() // errors are returned; stderr is the command's
	if c := l.ours["cluster"]; c != "" && c != "true" && c != "false" {
		return nil, fault("cluster: want true or false; want " + redisForm)
	}
	connect, err := l.redisClient(l.RawQuery)
	if err != nil {
		return nil, l.blame(func(query string) error { _, err := l.redisClient(query); return err })
	}
	client := connect()
	st, err := redisstore.New(client, o)
	if err != nil {
		return nil, errors.Join(refused(err, redisFields), client.Close())
	}
	return redisStore{Store: st, client: client}, nil
}

// redisClient parses the URL with this query. It returns a function that makes a client of the kind
// that the URL asks for.
func (l location) redisClient(query string) (connect func() redis.UniversalClient, err error) {
	switch {
	case l.ours["cluster"] == "true":
		o, err := redis.ParseClusterURL(l.with(query))
		return func() redis.UniversalClient {
			o.Password, o.ContextTimeoutEnabled = l.password(), true
			return redis.NewClusterClient(o)
		}, err
	case l.Query().Has("master_name"):
		o, err := redis.ParseFailoverURL(l.with(query))
		return func() redis.UniversalClient {
			o.Password, o.ContextTimeoutEnabled = l.password(), true
			return redis.NewFailoverClient(o)
		}, err
	}
	o, err := redis.ParseURL(l.with(query))
	return func() redis.UniversalClient {
		o.Password, o.ContextTimeoutEnabled = l.password(), true
		return redis.NewClient(o)
	}, err
}
