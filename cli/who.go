package cli

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"

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
	name := cmp.Or(os.Getenv("SUDO_USER"), userName())
	if host := hostName(); host != "" {
		name += "@" + host
	}
	return clip(name)
}

// userName is the name of the user that runs the command. A user without a name is shown by its
// number, because another user's name may be in the environment.
func userName() string {
	id := os.Getuid()
	if id >= 0 {
		if u, err := user.LookupId(strconv.Itoa(id)); err == nil {
			return u.Username
		}
		return "uid-" + strconv.Itoa(id)
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
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

// clip makes s a valid name of an actor, origin, holder or job. It shortens a long name so that
// different names stay different.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if len(s) <= period.MaxNameLen {
		return s
	}
	digest := fmt.Sprintf("~%x", sha256.Sum256([]byte(s)))[:13]
	return strings.ToValidUTF8(s[:period.MaxNameLen-len(digest)], "") + digest
}
