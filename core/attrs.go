package core

import (
	"fmt"
	"log/slog"
	"runtime"
	"time"
)

func instantAttr(key string, t time.Time) slog.Attr {
	if t.IsZero() {
		return slog.String(key, "unknown")
	}
	return slog.Time(key, t)
}

// panicAttr describes a panic: by the text of a runtime error, or by the type of any other value.
// Such a value may hold parts of the request, for example a session, so the log does not show it.
func panicAttr(value any) slog.Attr {
	if fault, ok := value.(runtime.Error); ok {
		return slog.String("panic", fault.Error())
	}
	return slog.String("panic", typeName(value))
}

func typeName(value any) string { return fmt.Sprintf("%T", value) }
