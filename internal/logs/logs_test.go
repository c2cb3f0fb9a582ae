package logs_test

import (
	"bytes"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-downtime/downtime/internal/logs"
)

func TestMessagesHaveAPrefixAndDurationsAreReadable(t *testing.T) {
	t.Parallel()
	withoutTime := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	for name, c := range map[string]struct {
		handler func(io.Writer) slog.Handler
		want    string
	}{
		"text": {
			func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, withoutTime) },
			`level=INFO msg="downtime: opened" app=shop gate.after=1h30m0s gate.took=1.235s gate.revision=7` + "\n",
		},
		"JSON": {
			func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, withoutTime) },
			`{"level":"INFO","msg":"downtime: opened","app":"shop","gate":{"after":"1h30m0s","took":"1.235s","revision":7}}` + "\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			log := logs.New(slog.New(c.handler(&out))).With("app", "shop").WithGroup("gate")
			log.Info("opened", "after", 90*time.Minute+time.Millisecond, "took", 1234567*time.Microsecond, "revision", 7)
			require.Equal(t, c.want, out.String())
		})
	}
}

func TestALevelThatIsOffCostsNothing(t *testing.T) {
	t.Parallel()
	log := logs.New(slog.New(slog.DiscardHandler))
	require.False(t, log.Enabled(t.Context(), slog.LevelError))
}
