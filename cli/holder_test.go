package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
	"github.com/go-downtime/downtime/store/memstore"
)

func noSession() (string, bool) { return "", false }

func atTerminal() (string, bool) { return "", true }

func inSession() (string, bool) { return "session 7.99", true }

func TestDefaultHolder(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env     map[string]string
		session func() (string, bool)
		want    holder
	}{
		"a person":         {nil, atTerminal, holder{"alice@host", ""}},
		"cron":             {nil, inSession, holder{"alice@host", "session 7.99"}},
		"GitHub":           {map[string]string{"CI": "true", "GITHUB_RUN_ID": "7", "GITHUB_REPOSITORY": "a/b", "GITHUB_JOB": "build", "RUNNER_NAME": "r1"}, inSession, holder{"github:a/b/7", "build/r1"}},
		"GitLab":           {map[string]string{"CI": "true", "GITLAB_CI": "true", "CI_PIPELINE_ID": "7", "CI_PROJECT_PATH": "a/b", "CI_JOB_ID": "9"}, inSession, holder{"gitlab:a/b/7", "9"}},
		"CircleCI":         {map[string]string{"CI": "true", "CIRCLECI": "true", "CIRCLE_WORKFLOW_ID": "w", "CIRCLE_WORKFLOW_JOB_ID": "j", "CIRCLE_NODE_INDEX": "1"}, inSession, holder{"circleci:w", "j/1"}},
		"Buildkite":        {map[string]string{"CI": "true", "BUILDKITE": "true", "BUILDKITE_PIPELINE_SLUG": "p", "BUILDKITE_BUILD_ID": "b", "BUILDKITE_JOB_ID": "j"}, inSession, holder{"buildkite:p/b", "j"}},
		"Azure":            {map[string]string{"TF_BUILD": "True", "SYSTEM_TEAMPROJECT": "p", "BUILD_BUILDID": "7", "SYSTEM_JOBID": "j"}, inSession, holder{"azure:p/7", "j"}},
		"Bitbucket":        {map[string]string{"CI": "true", "BITBUCKET_PIPELINE_UUID": "{u}", "BITBUCKET_REPO_FULL_NAME": "a/b", "BITBUCKET_STEP_UUID": "{s}"}, inSession, holder{"bitbucket:a/b/{u}", "{s}"}},
		"Woodpecker":       {map[string]string{"CI": "woodpecker", "CI_REPO": "a/b", "CI_PIPELINE_NUMBER": "7", "CI_WORKFLOW_NAME": "w", "CI_WORKFLOW_NUMBER": "2"}, inSession, holder{"woodpecker:a/b/7", "w/2"}},
		"Drone":            {map[string]string{"CI": "true", "DRONE": "true", "DRONE_REPO": "a/b", "DRONE_BUILD_NUMBER": "7", "DRONE_STAGE_NUMBER": "1"}, inSession, holder{"drone:a/b/7", "1"}},
		"CodeBuild":        {map[string]string{"CODEBUILD_BUILD_ID": "p:u"}, inSession, holder{"codebuild:p:u", ""}},
		"Semaphore":        {map[string]string{"CI": "true", "SEMAPHORE": "true", "SEMAPHORE_PROJECT_NAME": "p", "SEMAPHORE_WORKFLOW_ID": "w", "SEMAPHORE_JOB_ID": "j"}, inSession, holder{"semaphore:p/w", "j"}},
		"TeamCity":         {map[string]string{"TEAMCITY_VERSION": "2026", "TEAMCITY_PROJECT_NAME": "p", "TEAMCITY_BUILDCONF_NAME": "c", "BUILD_NUMBER": "7"}, inSession, holder{"teamcity:p/c/7", ""}},
		"Jenkins":          {map[string]string{"JENKINS_URL": "http://ci/", "BUILD_TAG": "jenkins-a-7", "NODE_NAME": "n", "EXECUTOR_NUMBER": "0", "STAGE_NAME": "Down"}, inSession, holder{"jenkins:jenkins-a-7", "n/0/Down"}},
		"a value is empty": {map[string]string{"GITHUB_RUN_ID": "", "BUILD_TAG": "7", "CI_PIPELINE_ID": "7"}, atTerminal, holder{"alice@host", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, defaultHolder(func(name string) string { return test.env[name] }, "alice@host", test.session))
		})
	}
}

func TestAJobThatCannotBeToldApartIsItsOwn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env     map[string]string
		session func() (string, bool)
	}{
		"another CI product":               {map[string]string{"CI": "true"}, inSession},
		"a product without its run":        {map[string]string{"CI": "true", "GITHUB_RUN_ID": "7"}, inSession},
		"no terminal and no session":       {nil, noSession},
		"another CI product on a terminal": {map[string]string{"CI": "1"}, atTerminal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := func(name string) string { return test.env[name] }
			one, other := defaultHolder(env, "ci@host", test.session), defaultHolder(env, "ci@host", test.session)
			require.Equal(t, "ci@host", one.name)
			require.NotEmpty(t, one.job)
			require.NotEqual(t, one.job, other.job)
		})
	}
}

func TestLongNamesStayDifferent(t *testing.T) {
	t.Parallel()
	folder := strings.Repeat("Ordner-ä-", 60)
	one, other := clip("jenkins:"+folder+"1"), clip("jenkins:"+folder+"2")
	require.NotEqual(t, one, other)
	require.LessOrEqual(t, len(one), period.MaxNameLen)
}

// TestJobsOfARun follows two jobs of one CI run, which must not end each other's deployment.
func TestJobsOfARun(t *testing.T) {
	for name, value := range map[string]string{"GITHUB_RUN_ID": "7", "GITHUB_REPOSITORY": "a/b", "RUNNER_NAME": "r"} {
		t.Setenv(name, value)
	}
	t.Setenv("GITHUB_JOB", "one")
	st := memstore.New()
	job := func(name string, code int, args ...string) (stdout, stderr string) {
		t.Setenv("GITHUB_JOB", name)
		got, stdout, stderr := run(t, st, args...)
		require.Equal(t, code, got, stdout+stderr)
		return stdout, stderr
	}
	stdout, _ := job("one", ExitDone, "start", "--no-wait")
	require.Contains(t, stdout, "deployment of github:a/b/7, job one/r, made by ")
	stdout, _ = job("one", ExitDone, "start", "--no-wait", "--for", "1h")
	require.Contains(t, stdout, "changed    ", "the same job changes its own")
	stdout, _ = job("two", ExitDone, "start", "--no-wait")
	require.Contains(t, stdout, "begun      ", "another job begins one of its own")

	_, stderr := job("three", ExitUsage, "end")
	ids := read(t, st).Document.Periods
	require.Contains(t, stderr, "github:a/b/7 has 2 deployments in force, and this job began none of them: several periods could be meant: "+ids[0].ID+", "+ids[1].ID+": end one by its ID: downtime end ID\n")
	stdout, _ = job("one", ExitStillDown, "end")
	require.Contains(t, stdout, "RESULT still-down "+ids[1].ID+"\n")
	stdout, _ = job("three", ExitDone, "end")
	require.Contains(t, stdout, "RESULT up\n", "the only one of the run")
	_, stderr = job("three", ExitNothingToEnd, "end")
	require.Contains(t, stderr, "github:a/b/7 has no deployment in force")
}
