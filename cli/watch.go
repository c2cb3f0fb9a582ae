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

// looker reads a store for a watcher, writes what it found, and returns what of it has to
// differ for it to be shown again. An error is that of the store.
type looker func(ctx context.Context, w io.Writer) (news string, err error)

// watch shows what look finds, and again with each change, until the command is
// interrupted. On a terminal it redraws; else it appends, and then passing time alone is no
// change. A store that cannot be read is shown too, and read again.
func (a *app) watch(cmd *cobra.Command, v view, asJSON bool, on func(st core.Store) looker) error {
	st, closeStore, err := a.open(cmd.Context())
	if err != nil {
		return err
	}
	defer closeStore()

	interval := watchInterval
	if p, ok := st.(core.Pacer); ok {
		interval = min(interval, p.PollInterval())
	}
	w := watcher{
		view: v, app: a, out: cmd.OutOrStdout(), store: st.String(), look: on(st),
		asJSON: asJSON, redraw: !asJSON && isTerminal(cmd.OutOrStdout()),
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := w.once(cmd.Context()); err != nil {
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
	store          string
	look           looker
	asJSON, redraw bool

	shown string
}

// once reads the store, and shows what it found if that is news.
func (w *watcher) once(ctx context.Context) error {
	limited, cancel := w.app.limit(ctx)
	defer cancel()
	var text bytes.Buffer
	news, err := w.look(limited, &text)
	if ctx.Err() != nil {
		return nil // interrupted: the caller sees it as well
	}
	if err != nil {
		text.Reset()
		if err := w.unknown(&text, err); err != nil {
			return err
		}
		news = text.String()
	}
	if w.redraw {
		news = text.String()
	}
	return w.show(text.String(), news)
}

func (w *watcher) unknown(text io.Writer, err error) error {
	if w.asJSON {
		return writeJSON(text, map[string]string{"state": "unknown", "store": w.store, "error": err.Error()}, false)
	}
	fmt.Fprintf(text, label, "state", w.warning("UNKNOWN")+": "+safe(err.Error()))
	fmt.Fprintf(text, label, "store", safe(w.store))
	return nil
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

// lookAtState is what status --watch shows.
func lookAtState(v view, st core.Store, asJSON bool) looker {
	var mark core.Mark
	var doc *core.Document
	return func(ctx context.Context, w io.Writer) (string, error) {
		read, err := st.Load(ctx, mark)
		switch {
		case err == nil:
			mark, doc = read.Mark, read.Document
		case !errors.Is(err, core.ErrUnchanged):
			return "", err
		}
		s := found(st, core.State{Document: doc, Time: read.Time})
		var in []string
		for _, p := range s.Document.InForce(s.Time) {
			in = append(in, p.ID, strconv.FormatBool(p.Overdue(s.Time)))
		}
		news := fmt.Sprint(mark, in, s.Verdict().Overdue(s.Time))
		if asJSON {
			return news, writeJSON(w, s.State(), false)
		}
		v.state(w, s)
		return news, nil
	}
}
