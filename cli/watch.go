package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-downtime/downtime/core"
)

// watchInterval is the longest time between two looks at the store.
const watchInterval = time.Second

// watch shows the state, and again with each change, until the command is interrupted. On
// a terminal it redraws; else it appends, and then passing time alone is no change. A
// store that cannot be read is shown too, and read again.
func (a *app) watch(cmd *cobra.Command, v view, asJSON bool) error {
	st, closeStore, err := a.open(cmd.Context())
	if err != nil {
		return err
	}
	defer closeStore()

	interval := watchInterval
	if p, ok := st.(core.Pacer); ok {
		interval = min(interval, p.PollInterval())
	}
	w := watcher{app: a, view: v, out: cmd.OutOrStdout(), st: st, asJSON: asJSON, redraw: !asJSON && isTerminal(cmd.OutOrStdout())}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := w.look(cmd.Context()); err != nil {
			return err
		}
		select {
		case <-cmd.Context().Done():
			return exit(ExitInterrupted)
		case <-ticker.C:
		}
	}
}

type watcher struct {
	view

	app            *app
	out            io.Writer
	st             core.Store
	asJSON, redraw bool

	mark  core.Mark
	doc   *core.Document
	shown string
}

// look reads the store, and shows what it found if that is news.
func (w *watcher) look(ctx context.Context) error {
	limited, cancel := w.app.limit(ctx)
	defer cancel()
	read, err := w.st.Load(limited, w.mark)
	if err == nil {
		w.mark, w.doc = read.Mark, read.Document
	}
	if errors.Is(err, core.ErrUnchanged) {
		err = nil
	}
	if ctx.Err() != nil {
		return nil // interrupted: the caller sees it as well
	}
	s := state{store: w.st.String(), doc: w.doc, now: read.Time.UTC()}

	var text bytes.Buffer
	switch {
	case err != nil && w.asJSON:
		err = writeJSON(&text, map[string]string{"state": "unknown", "store": s.store, "error": err.Error()}, false)
	case err != nil:
		fmt.Fprintf(&text, label, "state", w.warning("UNKNOWN")+": "+safe(err.Error()))
		fmt.Fprintf(&text, label, "store", safe(s.store))
		err = nil
	case w.asJSON:
		err = writeJSON(&text, s.json(), false)
	default:
		w.state(&text, s)
	}
	if err != nil {
		return err
	}
	return w.show(text.String(), w.news(s, text.String()))
}

// news is what has to differ for the state to be shown again.
func (w *watcher) news(s state, text string) string {
	if w.redraw || s.now.IsZero() {
		return text
	}
	var in []string
	for _, p := range s.doc.InForce(s.now) {
		in = append(in, p.ID, strconv.FormatBool(p.Overdue(s.now)))
	}
	return fmt.Sprint(w.mark, in, s.verdict().Overdue(s.now))
}

func (w *watcher) show(text, news string) error {
	if news == w.shown {
		return nil
	}
	switch {
	case w.redraw:
		text = "\x1b[H\x1b[2J" + text
	case w.shown != "" && !w.asJSON:
		text = "\n" + text
	}
	w.shown = news
	_, err := io.WriteString(w.out, text)
	return err
}
