//go:build !fileonly

package main

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACommandWaitsForALockedDatabaseUntilItsTimeout(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s.db")
	url := "sqlite:" + path + "?app=shop"
	code, _, stderr := command(t, nil, "init", "--store", url)
	require.Zero(t, code, stderr)
	db, err := sql.Open("sqlite", "file:"+path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)

	code, _, stderr = command(t, nil, "start", "--no-wait", "--store", url, "--holder", "x", "--timeout", "700ms")
	require.Equal(t, 1, code, stderr)
	require.Contains(t, stderr, "downtime: nothing was written: ")
	require.Contains(t, stderr, "the store did not answer within 700ms (--timeout)\n")

	released := make(chan error)
	go func() {
		_, err := conn.ExecContext(context.WithoutCancel(t.Context()), "ROLLBACK")
		released <- err
	}()
	code, _, stderr = command(t, nil, "start", "--no-wait", "--store", url, "--holder", "x", "--timeout", "1m")
	require.Zero(t, code, stderr)
	require.NoError(t, <-released)
	require.NoError(t, conn.Close())
}
