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
	client, err := l.redisClient()
	if err != nil {
		return nil, fault(withoutSecrets(err, l.password()) + "; want " + redisForm)
	}
	st, err := redisstore.New(client, o)
	if err != nil {
		return nil, errors.Join(refused(err, redisFields), client.Close())
	}
	return redisStore{Store: st, client: client}, nil
}

func (l location) redisClient() (redis.UniversalClient, error) {
	switch cluster := l.ours["cluster"]; {
	case cluster != "" && cluster != "true" && cluster != "false":
		return nil, errors.New("cluster: want true or false")
	case cluster == "true":
		o, err := redis.ParseClusterURL(l.String())
		if err != nil {
			return nil, err
		}
		o.Password, o.ContextTimeoutEnabled = l.password(), true
		return redis.NewClusterClient(o), nil
	case l.Query().Has("master_name"):
		o, err := redis.ParseFailoverURL(l.String())
		if err != nil {
			return nil, err
		}
		o.Password, o.ContextTimeoutEnabled = l.password(), true
		return redis.NewFailoverClient(o), nil
	}
	o, err := redis.ParseURL(l.String())
	if err != nil {
		return nil, err
	}
	o.Password, o.ContextTimeoutEnabled = l.password(), true
	return redis.NewClient(o), nil
}
