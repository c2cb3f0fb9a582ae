package cutover

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/testservers"
)

const (
	roundsVar     = "CUTOVER_ROUNDS"
	usualRounds   = 5
	figuresVar    = "CUTOVER_FIGURES" // the path of a file that gets the line of figures
	instances     = 3
	hold          = "5s"
	holdLimit     = 5 * time.Second
	leastServed   = 95 // percent of the requests that the same load without a migration gets served
	ordersOfCopy  = "orders_next"
	endsTheHold   = `UPDATE "downtime_state"`
	commandName   = "downtime" // in the database's log
	statementLine = "|LOG:  "
)

// TestCutOver migrates the database of three processes under a steady load, in rounds, with
// downtime run --hold. No request fails, and no order is lost, although the migration copies the
// orders and then puts the copy in the place of the table, without a lock.
func TestCutOver(t *testing.T) { //nolint:tparallel // the last subtest uses its instances
	t.Parallel()
	s := newSite(t)
	var shops []*instance
	for range instances {
		shops = append(shops, s.launch(t))
	}
	v := newVisitors(t, shops...)
	// A new set of rows is incomplete for 20 s.
	code, said := s.downtime(t, "start", "--expect", strconv.Itoa(instances), "--holder", "first")
	require.Contains(t, []int{0, 7}, code, said) // presumed: no instance has judged a request
	code, said = s.downtime(t, "end", "--holder", "first", "--wait", "1m")
	require.Zero(t, code, said)

	sum := figures{rounds: rounds(t)}
	for n := range sum.rounds {
		sum.add(t, s, v, n+1)
	}
	require.GreaterOrEqual(t, 100*sum.served, leastServed*sum.servedWithout, "served %d requests, without a migration %d", sum.served, sum.servedWithout)
	t.Log(sum.String())
	if path := os.Getenv(figuresVar); path != "" {
		require.NoError(t, os.WriteFile(path, []byte(sum.String()+"\n"), 0o600))
	}

	t.Run("without run, the same migration loses orders", func(t *testing.T) {
		v.during(t.Context(), func() { s.pg.Exec(t, s.url, migration(sum.rounds+1)) })
		kept := map[string]bool{}
		for key := range strings.FieldsSeq(s.pg.Exec(t, s.url, "SELECT key FROM orders")) {
			kept[key] = true
		}
		lost := 0
		for _, key := range v.acked {
			if !kept[key] {
				lost++
			}
		}
		require.Positive(t, lost, "so this test would notice it")
	})
}

// rounds is how many rounds a test has.
func rounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv(roundsVar)
	if text == "" && testing.Short() {
		return 1
	}
	if text == "" {
		return usualRounds
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, roundsVar)
	return n
}

// figures are the sums of all rounds.
type figures struct {
	rounds, visits, held  int
	served, servedWithout int // by the time of the last visit, with a migration and without
	orders                int
	longest               time.Duration // of a held request
	took                  time.Duration // the longest run
}

func (f *figures) String() string {
	return fmt.Sprintf("%d rounds: %d requests, 0 failed, %d held, the longest for %v; the longest run took %v; 0 statements of the application between the barrier and the end; "+
		"%d acknowledged orders, each in the table once; served %.1f %% of the requests that the same load without a migration gets served",
		f.rounds, f.visits, f.held, f.longest.Round(time.Millisecond), f.took.Round(time.Millisecond), f.orders, 100*float64(f.served)/float64(f.servedWithout))
}

// add is one round: a migration under load, and then as many visits without a migration.
func (f *figures) add(t *testing.T, s *site, v *visitors, n int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "migration.sql")
	require.NoError(t, os.WriteFile(file, []byte(migration(n)), 0o600))
	psql := testservers.Program(t, "postgresql", "psql")
	heldBefore, logged := v.held(t), len(s.pg.Log())
	visits, served := v.during(t.Context(), func() {
		begun := time.Now()
		code, said := s.downtime(t, "run", "--hold", hold, "--", psql, "--no-psqlrc", "--quiet", "--tuples-only", "--set=ON_ERROR_STOP=1",
			"--dbname="+s.url+"&application_name="+migrationName, "--file="+file)
		if code != 0 {
			t.Errorf("run: exit %d\n%s", code, said)
		}
		took := time.Since(begun)
		f.took = max(f.took, took)
		if took > holdLimit {
			t.Logf("round %d: run took %v, longer than its hold\n%s", n, took, said)
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	log := s.pg.Log()[logged:]
	v.requireKept(t, s)
	held := v.held(t) - heldBefore
	require.Positive(t, held)
	require.Empty(t, statementsWhileDown(t, log))
	require.Equal(t, "0", s.pg.Exec(t, s.url, committedWhileDown(n)), "orders were committed while the site was down")
	_, servedWithout := v.come(t.Context(), func(n int) bool { return n < visits })
	v.requireKept(t, s)

	f.visits += 2 * visits
	f.held += held
	f.served += served
	f.servedWithout += servedWithout
	f.orders = len(v.acked)
	f.longest = v.longest
}

// migration is round n of the schema's history. It copies the orders into a table with another
// column, and then puts that in the place of the old one. Orders that are written in between are
// lost. It waits for such an order for a moment. The column of the round before goes, so that a late round
// takes no longer than an early one.
func migration(n int) string {
	return strings.NewReplacer("NEXT", ordersOfCopy, "ROUND", strconv.Itoa(n), "BEFORE", strconv.Itoa(n-1)).Replace(`
CREATE TABLE IF NOT EXISTS migrations (round int, begun timestamptz);
INSERT INTO migrations VALUES (ROUND, clock_timestamp());
CREATE TABLE NEXT (LIKE orders INCLUDING ALL, state_ROUND text NOT NULL DEFAULT 'new');
INSERT INTO NEXT SELECT *, 'old' FROM orders;
SELECT pg_sleep(0.3);
BEGIN;
DROP TABLE orders;
ALTER TABLE NEXT RENAME TO orders;
ALTER TABLE orders DROP COLUMN IF EXISTS state_BEFORE;
COMMIT;
`)
}

// committedWhileDown counts the orders that were committed from the begin of the migration to the
// last write of the state, which reopened the site, by the database's timestamps of transactions.
func committedWhileDown(n int) string {
	return `SELECT count(*) FROM orders, migrations, downtime_state
WHERE round = ` + strconv.Itoa(n) + ` AND pg_xact_commit_timestamp(tx::xid) BETWEEN begun AND pg_xact_commit_timestamp(downtime_state.xmin)`
}

// statementsWhileDown returns the lines of the application in the database's log between the
// last look of the command at the instances before the migration, which said that it was safe, and
// its first write after the migration, which reopened the site.
func statementsWhileDown(t *testing.T, log string) []string {
	t.Helper()
	var ofShop []string
	migrating, reopened, looked := false, false, false
	for line := range strings.Lines(log) {
		program, statement, ok := strings.Cut(line, statementLine)
		switch {
		case !ok:
		case program == migrationName:
			require.True(t, looked)
			migrating = true
		case program == commandName && !migrating:
			looked, ofShop = true, nil
		case program == commandName && strings.Contains(statement, endsTheHold):
			reopened = true
		case program == shopName && looked && !reopened:
			ofShop = append(ofShop, line)
		}
	}
	require.True(t, migrating)
	require.True(t, reopened)
	return ofShop
}
