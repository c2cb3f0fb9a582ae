package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// action is what a composite action can have in action.yml.
type action struct {
	Name, Description string
	Inputs            map[string]struct {
		Description, Default string
		Required             bool
	}
	Runs struct {
		Using string
		Steps []step
	}
}

type step struct {
	Shell, Run string
	Uses       string
	Env, With  map[string]string
}

// fileOnly builds the command without database drivers, which takes seconds instead of minutes.
const fileOnly = "GOFLAGS=-mod=mod -modcacherw -trimpath -tags=fileonly"

func strictly(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(path)))
	require.NoError(t, err)
	require.NoError(t, yaml.UnmarshalStrict(text, into), path)
}

// TestTheGitHubAction runs the steps of action.yml as a runner does, with the command of a rehearsed
// release.
func TestTheGitHubAction(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("it needs bash")
	}
	proxy, version, _ := release(t)
	var a action
	strictly(t, "action.yml", &a)
	require.Equal(t, "composite", a.Runs.Using)
	temp := t.TempDir()
	store := "file:" + filepath.Join(temp, "state.json")
	env := append(
		publishedEnv(t, proxy), fileOnly, "RUNNER_TEMP="+temp, "CI=true", "GITHUB_ACTIONS=true", "GITHUB_REPOSITORY=acme/shop", "GITHUB_RUN_ID=42",
		"GITHUB_JOB=migrate", "RUNNER_NAME=runner", "GITHUB_SERVER_URL=https://github.example",
	)
	use := func(with map[string]string) (out string, err error) {
		for name, input := range a.Inputs {
			_, given := with[name]
			require.True(t, given || !input.Required, name)
		}
		for _, s := range a.Runs.Steps {
			require.Equal(t, "bash", s.Shell)
			require.NotContains(t, s.Run, "${{", "an input in a script is code: pass it by env")
			script := filepath.Join(temp, "step.sh")
			require.NoError(t, os.WriteFile(script, []byte(s.Run), 0o600))
			cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", script)
			cmd.Dir = temp
			cmd.Env = env
			for name, value := range s.Env {
				input, ok := strings.CutPrefix(value, "${{ inputs.")
				require.True(t, ok, value)
				input = strings.TrimSuffix(input, " }}")
				require.Contains(t, a.Inputs, input)
				got, given := with[input]
				if !given {
					got = a.Inputs[input].Default
				}
				cmd.Env = append(cmd.Env, name+"="+got)
			}
			said, err := cmd.CombinedOutput()
			out += string(said)
			if err != nil {
				return out, err
			}
		}
		return out, nil
	}
	command := filepath.Join(temp, "downtime", "downtime")
	out, err := use(map[string]string{
		"version": version, "store": store, "flags": "--reason=We are moving\n--expect=0\n",
		"run": "downtime/downtime list --json > during.json\necho 'a word' > done\n",
	})
	require.NoError(t, err, out)
	during, err := os.ReadFile(filepath.Join(temp, "during.json"))
	require.NoError(t, err)
	require.Contains(t, string(during), "We are moving")
	require.Contains(t, string(during), "github:acme/shop/42")
	require.FileExists(t, filepath.Join(temp, "done"))
	require.Contains(t, output(t, command, "status", "--store", store), "UP")

	out, err = use(map[string]string{"version": version, "store": store, "flags": "--expect=0", "run": "false\ntouch reached"})
	require.Error(t, err, out)
	require.NoFileExists(t, filepath.Join(temp, "reached"))
	require.Contains(t, output(t, command, "status", "--store", store), "DOWN")

	out, err = use(map[string]string{"version": version, "store": store, "run": "true"}) // without flags: no instance
	require.Error(t, err, out)
	require.Contains(t, out, "RESULT no-instance")
}

// TestTheExampleOfGitHub checks what the workflow gives to the action. actionlint checks the rest.
func TestTheExampleOfGitHub(t *testing.T) {
	t.Parallel()
	var a action
	strictly(t, "action.yml", &a)
	text, err := os.ReadFile("../examples/pipelines/github.yml")
	require.NoError(t, err)
	var w struct {
		Jobs map[string]struct{ Steps []step }
	}
	require.NoError(t, yaml.Unmarshal(text, &w))
	found := 0
	for _, s := range w.Jobs["migrate"].Steps {
		if !strings.HasPrefix(s.Uses, "go-downtime/downtime@") {
			continue
		}
		found++
		for name := range s.With {
			require.Contains(t, a.Inputs, name)
		}
		for name, input := range a.Inputs {
			require.True(t, !input.Required || s.With[name] != "", name)
		}
		require.Equal(t, s.With["version"], strings.TrimPrefix(s.Uses, "go-downtime/downtime@"))
		require.Regexp(t, `^(--[a-z-]+=.*\n)+$`, s.With["flags"])
	}
	require.Equal(t, 1, found)
}

// TestTheGitLabTemplate runs the job that extends the template as a runner does.
func TestTheGitLabTemplate(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("it needs bash")
	}
	proxy, version, _ := release(t)
	type job struct {
		Image         string
		Extends       string
		Variables     map[string]string
		BeforeScript  []string `json:"before_script"`
		Script        []string
		ResourceGroup string `json:"resource_group"`
	}
	var jobs map[string]job
	strictly(t, "examples/pipelines/gitlab.yml", &jobs)
	migrate, template := jobs["migrate"], jobs[".downtime"]
	require.Equal(t, ".downtime", migrate.Extends)
	require.Equal(t, version, template.Variables["DOWNTIME_VERSION"])
	dir, bin := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "migrate"), []byte("#!/bin/sh\necho \"$1\" >> log\n"), 0o700))
	store := "file:" + filepath.Join(dir, "state.json")
	require.Len(t, migrate.Script, 1)
	run := strings.Replace(migrate.Script[0], "downtime run ", "downtime run --expect=0 ", 1) // no shop runs here
	require.NotEqual(t, migrate.Script[0], run)
	cmd := exec.CommandContext(t.Context(), "bash", "-eo", "pipefail", "-c", strings.Join(append(template.BeforeScript, run), "\n"))
	cmd.Dir = dir
	cmd.Env = append(
		publishedEnv(t, proxy), fileOnly, "GOBIN="+bin, "PATH="+bin+":"+os.Getenv("PATH"), "DOWNTIME_VERSION="+template.Variables["DOWNTIME_VERSION"],
		"DOWNTIME_STORE="+store, "CI=true", "GITLAB_CI=true", "CI_PROJECT_PATH=acme/shop", "CI_PIPELINE_ID=7", "CI_JOB_ID=8",
	)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	require.NoError(t, err)
	require.Equal(t, "pending\nup\n", string(log))
	require.Contains(t, output(t, filepath.Join(bin, "downtime"), "log", "--store", store), "gitlab:acme/shop/7")
}
