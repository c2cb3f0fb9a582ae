package filestore_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/go-downtime/downtime/core"
	"github.com/go-downtime/downtime/operator"
	"github.com/go-downtime/downtime/store/filestore"
)

func ExampleNew() {
	dir, err := os.MkdirTemp("", "downtime")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	st, err := filestore.New(filepath.Join(dir, "downtime.json"))
	if err != nil {
		panic(err)
	}
	gate, err := core.New(core.Config{Store: st, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	// As "downtime start" does, in this process or another.
	ctx := context.Background()
	op := operator.Operator{Store: st, Actor: "ann"}
	if _, err := op.Start(ctx, operator.StartOptions{Holder: "ann"}); err != nil {
		panic(err)
	}
	<-gate.Closing()
	_, open := gate.Enter(nil)
	fmt.Println("open:", open)
	// Output: open: false
}
