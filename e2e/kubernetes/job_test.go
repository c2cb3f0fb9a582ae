package kubernetes

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/go-downtime/downtime/internal/testservers"
)

// TestTheJobs runs the containers of the two Jobs on a real PostgreSQL: the first document, a
// migration that fails, its repetition, and one that has nothing to do.
func TestTheJobs(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	pg := testservers.Postgres(t)
	url := pg.Database(t)
	c.secrets["gate"], c.secrets["operator"], c.secrets["owner"] = url, url+"&app=shop", url
	init := object[*batchv1.Job](t, "chart/templates/init.yaml").Spec.Template.Spec.Containers[0]
	migration := object[*batchv1.Job](t, "chart/templates/migration.yaml").Spec.Template.Spec.Containers[0]
	status := init
	status.Args = []string{"status"}
	shop := object[*appsv1.Deployment](t, "chart/templates/deployment.yaml").Spec.Template.Spec.Containers[0]

	for range 2 { // a Job can run twice
		code, said := run(t, c.command(t, init))
		require.Zero(t, code, said)
	}
	p := c.launch(t, shop)
	require.Equal(t, 200, p.get(t, "/"))

	pg.Exec(t, url, "CREATE ROLE poor LOGIN")
	c.secrets["owner"] = strings.Replace(url, "postgres://postgres@", "postgres://poor@", 1)
	code, said := run(t, c.command(t, migration))
	require.Equal(t, 1, code, said)
	require.Contains(t, said, "permission denied")
	require.Equal(t, 503, p.get(t, "/"))
	_, said = run(t, c.command(t, status))
	require.Contains(t, said, "DOWN")
	require.Contains(t, said, "shop/migration")

	c.secrets["owner"] = url
	code, said = run(t, c.command(t, migration))
	require.Zero(t, code, said)
	require.Contains(t, said, "RESULT up")
	require.Equal(t, "0", pg.Exec(t, url, "SELECT count(*) FROM orders"))

	code, said = run(t, c.command(t, migration))
	require.Zero(t, code, said)
	require.Contains(t, said, "RESULT nothing-to-do")
	require.Equal(t, 200, p.get(t, "/"))
}
