package redistest

import (
	"context"
	"os"
	"slices"
	"strings"
)

// Refusals are the codes by which a Redis that can be read refuses writes.
var Refusals = []string{"READONLY", "NOREPLICAS", "NOPERM", "OOM", "MISCONF"}

// Refuse makes the server refuse all writes from now on with one of the Refusals. What it holds stays readable.
func (s *Server) Refuse(code string) {
	s.t.Helper()
	rdb, ctx := client(s.t, s.addr), context.Background()
	do := func(line string) {
		s.t.Helper()
		var args []any
		for word := range strings.FieldsSeq(line) {
			args = append(args, word)
		}
		if err := rdb.Do(ctx, args...).Err(); err != nil {
			s.t.Fatalf("%s: %v", line, err)
		}
	}
	switch code {
	case "READONLY":
		do("REPLICAOF 127.0.0.1 1") // nobody is there; the data stay
	case "NOREPLICAS":
		do("CONFIG SET min-replicas-to-write 1")
	case "NOPERM":
		do("ACL SETUSER default -@all +@read +@connection +@scripting +@transaction +info +time")
	case "OOM":
		do("CONFIG SET maxmemory 1")
	case "MISCONF":
		if err := rdb.ConfigSet(ctx, "save", "3600 1").Err(); err != nil {
			s.t.Fatal(err)
		}
		// A directory that is gone, for root may write to every other.
		if err := os.RemoveAll(s.args[slices.Index(s.args, "--dir")+1]); err != nil {
			s.t.Fatal(err)
		}
		do("BGSAVE")
		Await(s.t, "the snapshot to fail", func() bool { return strings.Contains(s.info("persistence"), "rdb_last_bgsave_status:err") })
	default:
		s.t.Fatalf("no refusal %q", code)
	}
}
