package redistest

import (
	"context"
	"testing"
	"time"
)

// Await waits for what happens in a server, which nothing signals.
func Await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

// info is the server's answer to INFO, empty for none.
func (s *Server) info(section string) string {
	rdb := client(s.t, s.addr)
	text, _ := rdb.Info(context.Background(), section).Result() // none is waited for
	_ = rdb.Close()
	return text
}
