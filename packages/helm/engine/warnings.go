package main

import (
	"bytes"
	"log"
	"log/slog"
	"strings"
)

// mostWarnings is how many lines are told: a chart can make Helm warn about every value.
const mostWarnings = 50

// collectWarnings gathers what Helm would write to stderr until the function that it returns is called.
func collectWarnings() func() []string {
	var written bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&written, &slog.HandlerOptions{
		Level: slog.LevelWarn,
		ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
			if len(groups) == 0 && (attr.Key == slog.TimeKey || attr.Key == slog.LevelKey) {
				return slog.Attr{}
			}
			return attr
		},
	})))
	// The default of slog takes the other log's lines as well, as less than warnings.
	log.SetFlags(0)
	log.SetOutput(&written)
	return func() []string {
		var lines []string
		for line := range strings.SplitSeq(strings.TrimSpace(written.String()), "\n") {
			if line != "" && len(lines) < mostWarnings {
				lines = append(lines, line)
			}
		}
		return lines
	}
}
