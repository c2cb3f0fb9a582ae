package cli

import (
	"cmp"
	"os"
	"os/user"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/period"
)

// actorOf is --actor, else the user and host.
func actorOf(cmd *cobra.Command) string {
	actor, _ := cmd.Flags().GetString("actor")
	return cmp.Or(actor, defaultActor())
}

// defaultActor is the user that runs the command, as user@host. Behind sudo it is the user
// that called it.
func defaultActor() string {
	name := os.Getenv("SUDO_USER")
	if name == "" {
		if u, err := user.Current(); err == nil {
			name = u.Username
		}
	}
	name = cmp.Or(name, "unknown")
	if host := hostName(); host != "" {
		name += "@" + host
	}
	return clip(name)
}

// origin says for the log where the command runs.
func origin() string {
	if host := hostName(); host != "" {
		return clip("command on " + host)
	}
	return "command"
}

func hostName() string {
	host, _ := os.Hostname()
	return host
}

// defaultHolder is the holder of a deployment without --holder: the CI run, so that a later
// job of it, on another machine, can end what an earlier one began; else the actor.
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

// clip makes s a valid name of an actor, origin or holder.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "?")
	for len(s) > period.MaxNameLen {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
