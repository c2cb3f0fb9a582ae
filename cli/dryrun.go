package cli

import "github.com/spf13/cobra"

// resultDryRun stands after RESULT if nothing was written.
const resultDryRun = "dry-run"

func isDryRun(cmd *cobra.Command) bool {
	dry, _ := cmd.Flags().GetBool("dry-run")
	return dry
}
