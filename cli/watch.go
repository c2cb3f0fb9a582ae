package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/period"
)

// watchInterval is the longest time between two reads of the store.
const watchInterval = time.Second

// look is the result of one read of the store, for people and for programs. A watcher shows it
// only if its news differ from those of the last one.
type look struct {
	code int // of status --exit-code
	news string
	json any
	text func(w io.Writer)
}

// contentOf is the document without its log and the positions of followers, as text. A position is no
// news for an operator.
func contentOf(d *period.Document) string {
	if d == nil {
		return ""
	}
	content := *d
	content.Followers = nil
	b, _ := json.Marshal(content) // it was decoded from JSON
	return string(b)
}

// watch shows the result of read, which reads the store, and shows it again after each change, until the command
// is interrupted. On a terminal it redraws. Elsewhere it appends, and the passing of time alone
// does not count as a change. It also shows an error of the store, and continues to read.
func (a *app) watch(cmd *cobra.Command, read func(s session, ctx context.Context) (look, error)) error {
	s, closeStore, err := a.session(cmd)
	if err != nil {
		return err
	}
	defer closeStore()

	interval := watchInterval
	if poll := s.op.Store.Info().Poll; poll > 0 {
		interval = min(interval, poll)
	}
	w := watcher{session: s, read: read, redraw: !asJSON(cmd) && isTerminal(s.out)}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := w.once(cmd.Context()); err != nil {
			return err
		}
		select {
		case <-cmd.Context().Done():
			return exit(interrupted(cmd.Context()))
		case <-ticker.C:
		}
	}
}

type watcher struct {
	session

	read   func(s session, ctx context.Context) (look, error) // the error is that of the store
	redraw bool

	shown string // the news of the last look
}

// once reads the store, and shows the result if it differs from the last one.
func (w *watcher) once(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, w.app.timeout.duration())
	defer cancel()
	found, err := w.read(w.session, limited)
	if ctx.Err() != nil {
		return nil // interrupted: the caller sees it as well
	}
	if err != nil {
		found = w.unknown(err)
	}
	var text bytes.Buffer
	if asJSON(w.cmd) {
		err = writeJSON(&text, found.json, false)
	} else {
		found.text(&text)
		err = nil
	}
	if w.redraw {
		found.news = text.String()
	}
	if err != nil || found.news == w.shown {
		return err
	}
	before := ""
	switch {
	case w.redraw:
		before = "\x1b[H\x1b[2J"
	case w.shown != "" && !asJSON(w.cmd):
		before = "\n"
	}
	w.shown = found.news
	_, err = io.WriteString(w.out, before+text.String())
	return err
}

// unknown is the look at a store that cannot be read.
func (w *watcher) unknown(err error) look {
	name, said := w.op.Store.Info().Name, err.Error()
	return look{
		news: "unknown: " + said,
		json: map[string]string{"state": "unknown", "store": name, "error": said},
		text: func(text io.Writer) {
			fmt.Fprintf(text, label, "state", w.warning("UNKNOWN")+": "+safe(said))
			fmt.Fprintf(text, label, "store", safe(name))
		},
	}
}
