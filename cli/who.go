package cli

import (
	"os"
	"os/user"
	"strings"
	"unicode/utf8"

	"github.com/go-downtime/downtime/core"
)

// defaultActor is who runs the command: user@host, and behind sudo who called it.
func defaultActor() string {
	name := os.Getenv("SUDO_USER")
	if name == "" {
		if u, err := user.Current(); err == nil {
			name = u.Username
		}
	}
	if name == "" {
		name = "unknown"
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		return clip(name)
	}
	return clip(name + "@" + host)
}

// origin is from where the command writes, for the log.
func origin() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "command"
	}
	return clip("command on " + host)
}

// defaultHolder is whose a deployment is, where nobody says so: that of the CI run, so
// that a later job of it, on another machine, can end what an earlier one began; else the
// actor's.
func defaultHolder(actor string) string {
	env := os.Getenv
	switch {
	case env("GITHUB_RUN_ID") != "":
		return clip("github:" + env("GITHUB_REPOSITORY") + "/" + env("GITHUB_RUN_ID"))
	case env("GITLAB_CI") != "" && env("CI_PIPELINE_ID") != "":
		return clip("gitlab:" + env("CI_PROJECT_PATH") + "/" + env("CI_PIPELINE_ID"))
	case env("JENKINS_URL") != "" && env("BUILD_TAG") != "":
		return clip("jenkins:" + env("BUILD_TAG"))
	}
	return actor
}

// clip makes s a name that core takes.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "?")
	for len(s) > core.MaxNameLen {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
