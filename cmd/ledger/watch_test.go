package main

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/redistest"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// watching is ledger watch while it runs.
type watching struct {
	lines  chan string
	cancel context.CancelFunc
	code   chan cli.Code
	mu     sync.Mutex
	stderr strings.Builder
}

func (w *watching) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stderr.Write(p)
}

func (w *watching) said() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stderr.String()
}

func (b testBundle) watch(t *testing.T, args ...string) *watching {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &watching{lines: make(chan string, 100), cancel: cancel, code: make(chan cli.Code, 1)}
	read, write := io.Pipe()
	go func() {
		var line strings.Builder
		for chunk := make([]byte, 1); ; {
			if _, err := read.Read(chunk); err != nil {
				return
			}
			if line.Write(chunk); chunk[0] == '\n' {
				w.lines <- line.String()
				line.Reset()
			}
		}
	}()
	go func() {
		w.code <- cli.Code(cli.Main(ctx, newCommand(b.environ), append([]string{"watch"}, args...), nil, write, w))
		_ = write.Close()
	}()
	t.Cleanup(cancel)
	return w
}

func (w *watching) line(t *testing.T) string {
	t.Helper()
	select {
	case l := <-w.lines:
		return l
	case <-time.After(20 * time.Second):
		t.Fatalf("no line; it says %q", w.said())
		return ""
	}
}

func (w *watching) stop(t *testing.T) {
	t.Helper()
	w.cancel()
	select {
	case code := <-w.code:
		if code != cli.Done {
			t.Errorf("Ctrl-C: exit %d, %q", code, w.said())
		}
	case <-time.After(20 * time.Second):
		t.Fatal("Ctrl-C does not end it")
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	b := over(server)
	b.put(t, sm.StateFailed)

	w := b.watch(t, "--since", "0")
	want := `2026-03-01T09:00:00.000+07:00  failed  queued  accepted  IDR 10000.00
2026-03-01T09:00:01.000+07:00  failed  queued → processing  taken  IDR 10000.00
2026-03-01T09:00:02.000+07:00  failed  processing → failed  send_refused  IDR 10000.00 exceeds_limit
`
	if diff := cmp.Diff(want, w.line(t)+w.line(t)+w.line(t)); diff != "" {
		t.Error(diff)
	}
	j := b.watch(t, "--json", "--since", "0")
	var second struct{ ID, Ref, From, To string }
	j.line(t)
	if err := json.Unmarshal([]byte(j.line(t)), &second); err != nil || second.Ref != "failed" || second.From != "queued" || second.To != "processing" {
		t.Errorf("%+v, %v", second, err)
	}
	j.stop(t)

	// Redis is away for a while: one line says so, and nothing is missed or printed twice.
	server.Kill()
	for w.said() == "" {
		time.Sleep(20 * time.Millisecond) // what it says, it says to no channel
	}
	time.Sleep(2 * again) // time enough to say it once more
	server.Restart()
	b.put(t, sm.StateQueued)
	if got := w.line(t); got != "2026-03-01T09:00:00.000+07:00  queued  queued  accepted  IDR 10000.00\n" {
		t.Error(got)
	}
	if said := w.said(); strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "Redis does not answer; ") {
		t.Errorf("stderr %q, want one line", said)
	}
	w.stop(t)

	// What stands after an event is what came after it.
	s := b.watch(t, "--json", "--since", second.ID)
	if got := s.line(t); !strings.Contains(got, `"to":"failed"`) {
		t.Error(got)
	}
	s.stop(t)
}

// Without --since it begins with what happens then.
func TestWatchFromNowOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, sm.StateFailed)
	w := b.watch(t)
	defer w.stop(t)
	waiting := func() bool { return strings.Contains(b.rdb.ClientList(t.Context()).Val(), "cmd=xread") }
	for !waiting() {
		time.Sleep(10 * time.Millisecond) // Redis tells nobody that somebody waits
	}
	b.put(t, sm.StateQueued)
	if got := w.line(t); !strings.Contains(got, "  queued  accepted  ") {
		t.Error(got)
	}
}

func TestWatchRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, since := range []string{"", "yesterday", "1-2-3", "-1"} {
		b.refused(t, cli.Invalid, []string{"watch", "--since=" + since}, "use the id of an event, such as")
	}
	b.put(t, sm.StateQueued)
	var stderr strings.Builder
	code := cli.Main(t.Context(), newCommand(b.environ), []string{"watch", "--since", "0"}, nil, closedPipe{}, &stderr)
	if code != int(cli.Internal) || !strings.Contains(stderr.String(), errClosed.Error()) {
		t.Errorf("a closed pipe: exit %d, %q", code, stderr.String())
	}
	away := testBundle{environ: []string{"REDIS_URL=redis://127.0.0.1:1"}}
	away.refused(t, cli.Unreachable, []string{"watch"}, "cannot be reached")
}
