package cli

import (
	"crypto/rand"
	"os"
	"strings"
)

// holder is whose deployment it is: a person, or one job of a CI run. A later job of the run, on
// another machine, has the same name and another job.
type holder struct{ name, job string }

// product is a CI product, by the variables that it sets.
type product struct {
	name string
	mark string   // "VARIABLE", which is set, or "VARIABLE=VALUE"
	run  []string // they name a run; all are set
	job  []string // they name a job of it; those that are set count
}

var products = []product{
	{"github", "GITHUB_RUN_ID", []string{"GITHUB_REPOSITORY", "GITHUB_RUN_ID"}, []string{"GITHUB_JOB", "RUNNER_NAME"}},
	{"gitlab", "GITLAB_CI", []string{"CI_PROJECT_PATH", "CI_PIPELINE_ID"}, []string{"CI_JOB_ID"}},
	{"circleci", "CIRCLECI", []string{"CIRCLE_WORKFLOW_ID"}, []string{"CIRCLE_WORKFLOW_JOB_ID", "CIRCLE_NODE_INDEX"}},
	{"buildkite", "BUILDKITE", []string{"BUILDKITE_PIPELINE_SLUG", "BUILDKITE_BUILD_ID"}, []string{"BUILDKITE_JOB_ID"}},
	{"azure", "TF_BUILD", []string{"SYSTEM_TEAMPROJECT", "BUILD_BUILDID"}, []string{"SYSTEM_JOBID"}},
	{"bitbucket", "BITBUCKET_PIPELINE_UUID", []string{"BITBUCKET_REPO_FULL_NAME", "BITBUCKET_PIPELINE_UUID"}, []string{"BITBUCKET_STEP_UUID"}},
	{"woodpecker", "CI=woodpecker", []string{"CI_REPO", "CI_PIPELINE_NUMBER"}, []string{"CI_WORKFLOW_NAME", "CI_WORKFLOW_NUMBER"}},
	{"drone", "DRONE", []string{"DRONE_REPO", "DRONE_BUILD_NUMBER"}, []string{"DRONE_STAGE_NUMBER"}},
	{"codebuild", "CODEBUILD_BUILD_ID", []string{"CODEBUILD_BUILD_ID"}, nil},
	{"semaphore", "SEMAPHORE", []string{"SEMAPHORE_PROJECT_NAME", "SEMAPHORE_WORKFLOW_ID"}, []string{"SEMAPHORE_JOB_ID"}},
	{"teamcity", "TEAMCITY_VERSION", []string{"TEAMCITY_PROJECT_NAME", "TEAMCITY_BUILDCONF_NAME", "BUILD_NUMBER"}, nil},
	{"jenkins", "JENKINS_URL", []string{"BUILD_TAG"}, []string{"NODE_NAME", "EXECUTOR_NUMBER", "STAGE_NAME"}},
}

// defaultHolder is the holder without --holder: the run and the job of a CI product, else the
// actor. A person at a terminal has no job. Other processes of the same user, such as those of
// cron, are distinguished by their session. A process whose session is not known is a job of its
// own. Its start joins no deployment of another job, and its end ends such a deployment only if
// it is the only one.
func defaultHolder(env func(string) string, actor string, session func() (name string, ok bool)) holder {
	for _, p := range products {
		if name, value, exact := strings.Cut(p.mark, "="); env(name) == "" || exact && env(name) != value {
			continue
		}
		if run := p.run; len(set(env, run)) == len(run) {
			return holder{clip(p.name + ":" + strings.Join(set(env, run), "/")), clip(strings.Join(set(env, p.job), "/"))}
		}
	}
	ci := env("CI")
	unknown := ci != "" && ci != "0" && ci != "false"
	name, ok := session()
	if unknown || !ok {
		name = "process " + strings.ToLower(rand.Text()[:8])
	}
	return holder{actor, name}
}

// set returns the values of the variables that are set.
func set(env func(string) string, names []string) []string {
	var values []string
	for _, name := range names {
		if value := env(name); value != "" {
			values = append(values, value)
		}
	}
	return values
}

// holderOf is --holder, which has no jobs, else the default.
func (s session) holderOf(name string) holder {
	if name != "" {
		return holder{name: name}
	}
	return defaultHolder(os.Getenv, s.op.Actor, terminalSession)
}

func jobText(job string) string {
	if job == "" {
		return ""
	}
	return ", job " + job
}
