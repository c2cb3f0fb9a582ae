package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (a *app) root() *cobra.Command {
	first, rest, _ := strings.Cut(a.name, " ")
	store := "The store is named by --store or DOWNTIME_STORE: " + a.forms() + "."
	if a.store != nil {
		store = "The store is the application's own: " + safe(a.store.Info().Name) + "."
	}
	root := a.newCommand("downtime", first, cobra.ArbitraryArgs, "{STORE}", store)
	if rest != "" {
		root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: a.name}
	}
	a.tree = root
	root.Version = safe(a.versionText())
	root.SetVersionTemplate(a.name + " {{.Version}}\n")
	root.SuggestionsMinimumDistance = 2
	a.finish(root, a.unknown)

	flags := root.PersistentFlags()
	if a.store == nil {
		flags.StringVar(&a.url, "store", "", "`URL` of the store: "+a.forms()+" (else DOWNTIME_STORE)")
	}
	flags.StringVar(&a.zone, "tz", "", "`ZONE` of times read and shown, like Europe/Berlin (else this machine's)")
	flags.Var(&a.timeout, "timeout", "how long to wait for the store")
	flags.BoolVar(&a.noColor, "no-color", false, "no colors (also NO_COLOR)")

	for _, group := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"Take the site down, and bring it back:", []*cobra.Command{a.startCommand(), a.runCommand(), a.waitCommand(), a.endCommand(), a.statusCommand()}},
		{"Plan downtime:", []*cobra.Command{a.scheduleCommand(), a.editCommand(), a.cancelCommand(), a.listCommand()}},
		{"Look closer:", []*cobra.Command{a.fleetCommand(), a.checkCommand(), a.logCommand(), a.eventsCommand()}},
		{"Look after the store:", []*cobra.Command{a.initCommand(), a.reconcileCommand()}},
		{"Prepare the proxy:", []*cobra.Command{a.pageCommand()}},
	} {
		root.AddGroup(&cobra.Group{ID: group.title, Title: group.title})
		for _, cmd := range group.commands {
			cmd.GroupID = group.title
			root.AddCommand(cmd)
		}
	}
	root.AddCommand(a.completionCommand(), a.versionCommand())
	root.SetHelpCommand(a.helpCommand(root))
	help := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		out := cmd.OutOrStdout()
		lines := &lineWriter{w: out, width: widthOf(out), whole: a.name + " "}
		cmd.SetOut(plainFlags{lines})
		defer cmd.SetOut(out)
		help(cmd, args)
		lines.flush()
	})
	_ = root.RegisterFlagCompletionFunc("tz", completeZones) // it fails only for an unknown flag
	if a.store == nil {
		_ = root.RegisterFlagCompletionFunc("store", a.completeStores)
	}
	return root
}

// plainFlags leaves out what pflag 1.1 adds to each flag that takes no value.
type plainFlags struct{ io.Writer }

func (p plainFlags) Write(b []byte) (int, error) {
	const noise = "[=true|false]"
	if _, err := io.WriteString(p.Writer, strings.ReplaceAll(string(b), noise, strings.Repeat(" ", len(noise)))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// unknown handles arguments that name no command, or an unknown one.
func (a *app) unknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		// If a script calls the command with an empty variable, it must not look like success. So
		// the exit code is that of a usage error.
		if err := cmd.Help(); err != nil {
			return err
		}
		return usagef("no command: give one of those above")
	}
	see := "see " + a.command(cmd, "--help")
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		see = "did you mean " + strings.Join(like, " or ") + "?"
	}
	return usagef("unknown command %q: %s", args[0], see)
}

func (a *app) helpCommand(root *cobra.Command) *cobra.Command {
	cmd := a.newCommand("help", "help [COMMAND]", cobra.ArbitraryArgs)
	return a.finish(cmd, func(_ *cobra.Command, args []string) error {
		about, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 {
			return usagef("no help about %q: see %s", strings.Join(args, " "), a.command(root, "--help"))
		}
		return about.Help()
	})
}

// finish gives cmd the error handling that all commands share.
func (a *app) finish(cmd *cobra.Command, run func(cmd *cobra.Command, args []string) error) *cobra.Command {
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.DisableFlagsInUseLine = true
	check := cmd.Args
	cmd.Args = cobra.ArbitraryArgs // checked below, where the error can be printed
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if check != nil {
			if err := check(cmd, args); err != nil {
				return a.fail(cmd, usagef("%v", err))
			}
		}
		if err := a.emptyFlag(cmd); err != nil {
			return a.fail(cmd, err)
		}
		out := &checkedWriter{w: cmd.OutOrStdout()}
		lines := a.lines(cmd, out)
		cmd.SetOut(lines)
		defer cmd.SetOut(out.w)
		a.wrote = false
		err := run(cmd, args)
		lines.flush()
		return a.fail(cmd, out.orCutOff(err, a.wrote))
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		see := "see " + a.command(cmd, "--help")
		if like := likeFlags(cmd, err); like != "" {
			see = "did you mean " + like + "?"
		}
		if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
			return a.fail(cmd, usagef("--%s: %s: %s", wrong.GetFlag().Name, wrongValue(wrong), see))
		}
		return a.fail(cmd, usagef("%v: %s", err, see))
	})
	return cmd
}

// lines is a writer of lines for people, above w. It leaves JSON as it is.
func (a *app) lines(cmd *cobra.Command, w io.Writer) *lineWriter {
	lines := &lineWriter{w: w, whole: a.name + " "}
	if asJSON(cmd) {
		return lines
	}
	lines.width = widthOf(w)
	if isDryRun(cmd) {
		lines.prefix = dryRunPrefix
	}
	return lines
}

// emptyFlag returns a usage error if a flag of this command has an empty value, as in --store
// "$UNSET". Such a flag must not count as absent. A reason can be empty.
func (a *app) emptyFlag(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		ours := f == cmd.LocalFlags().Lookup(f.Name) || f == a.tree.PersistentFlags().Lookup(f.Name) // and not of the tree around the command
		if ours && f.Value.Type() == "string" && f.Value.String() == "" && f.Name != "reason" && err == nil {
			err = usagef("--%s: is empty: give a value, or leave the flag out", f.Name)
		}
	})
	return err
}

// wrongValue says which values the flag takes. Pflag's own text has the value twice.
func wrongValue(wrong *pflag.InvalidValueError) string {
	switch wrong.GetFlag().Value.Type() {
	case "bool":
		return fmt.Sprintf("%q: want true or false", wrong.GetValue())
	case "int", "int64":
		return fmt.Sprintf("%q: want a whole number", wrong.GetValue())
	}
	return wrong.Unwrap().Error()
}

// likeFlags are the flags of cmd whose names are like the unknown one; "" if there is none.
func likeFlags(cmd *cobra.Command, err error) string {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return ""
	}
	names := &cobra.Command{SuggestionsMinimumDistance: 2}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		names.AddCommand(&cobra.Command{Use: "--" + f.Name, Run: func(*cobra.Command, []string) {}})
	})
	return strings.Join(names.SuggestionsFor("--"+unknown.GetSpecifiedName()), " or ")
}

// args is a check for the number of arguments. The usage line describes them.
func (a *app) args(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usagef("too few arguments: want %s%s", cmd.CommandPath(), cmd.Use[len(cmd.Name()):])
		case len(args) > most:
			return usagef("unexpected argument %q: want %s%s", args[most], cmd.CommandPath(), cmd.Use[len(cmd.Name()):])
		}
		return nil
	}
}

// command is a command line to copy, on the same store: command(cmd, "end", "kfm2xq").
// cmd is the root or one of its commands. A flag as the first word is one of cmd itself.
func (a *app) command(cmd *cobra.Command, words ...string) string {
	flag := strings.HasPrefix(words[0], "-")
	if !flag {
		cmd = a.tree
	}
	line := []string{cmd.CommandPath()}
	for _, w := range words {
		line = append(line, shellWord(w))
	}
	if a.url != "" && !flag {
		line = append(line, "--store", shellWord(a.url))
	}
	return strings.Join(line, " ")
}
