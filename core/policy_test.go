package core_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/core"
)

func TestPoliciesInWords(t *testing.T) {
	t.Parallel()
	for want, policy := range map[string]fmt.Stringer{
		"keep":                core.Keep,
		"refuse":              core.Refuse,
		"StoreLostPolicy(2)":  core.StoreLostPolicy(2),
		"open":                core.FirstStartOpen,
		"fail":                core.FirstStartFail,
		"FirstStartPolicy(9)": core.FirstStartPolicy(9),
	} {
		require.Equal(t, want, policy.String())
	}
	require.Equal(t, "refuse", core.FirstStartRefuse.String())
}
