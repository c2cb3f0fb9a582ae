package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/period"
)

func TestDefaultActor(t *testing.T) {
	host, err := os.Hostname()
	require.NoError(t, err)
	t.Setenv("SUDO_USER", "alice")
	require.Equal(t, "alice@"+host, defaultActor())
	t.Setenv("SUDO_USER", "")
	require.Contains(t, defaultActor(), "@"+host)
	t.Setenv("SUDO_USER", strings.Repeat("ä", period.MaxNameLen)+"\xff")
	require.LessOrEqual(t, len(defaultActor()), period.MaxNameLen)
	require.True(t, strings.HasPrefix(defaultActor(), "ääää"))
}

func TestDefaultHolder(t *testing.T) {
	for name, test := range map[string]struct {
		env  map[string]string
		want string
	}{
		"a person":                         {nil, "alice@host"},
		"a GitHub run":                     {map[string]string{"GITHUB_RUN_ID": "7", "GITHUB_REPOSITORY": "a/b"}, "github:a/b/7"},
		"a GitLab pipeline":                {map[string]string{"GITLAB_CI": "true", "CI_PIPELINE_ID": "7", "CI_PROJECT_PATH": "a/b"}, "gitlab:a/b/7"},
		"a Jenkins build":                  {map[string]string{"JENKINS_URL": "http://ci/", "BUILD_TAG": "jenkins-a-7"}, "jenkins:jenkins-a-7"},
		"another system's CI_PIPELINE_ID":  {map[string]string{"CI_PIPELINE_ID": "7"}, "alice@host"},
		"another system's BUILD_TAG":       {map[string]string{"BUILD_TAG": "7"}, "alice@host"},
		"a value that is not worth a name": {map[string]string{"GITHUB_RUN_ID": ""}, "alice@host"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []string{"GITHUB_RUN_ID", "GITHUB_REPOSITORY", "GITLAB_CI", "CI_PIPELINE_ID", "CI_PROJECT_PATH", "JENKINS_URL", "BUILD_TAG"} {
				t.Setenv(v, test.env[v])
			}
			require.Equal(t, test.want, defaultHolder("alice@host"))
		})
	}
}
