package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/doctor"
)

// doctor says by its exit code how it stands, explains in one document per finding, and changes nothing.
func TestDoctor(t *testing.T) {
	t.Parallel()
	s := setup(t, "--appendfsync", "always")
	s.must("enqueue", "topup", "--ref", "A", "--customer", "628123450001", "--amount", "10000")
	rdb := s.redis.Client()
	before := rdb.Info(t.Context(), "persistence").Val()
	examine := func(want int) map[string]doctor.Finding {
		t.Helper()
		out, errs, code := s.run("", "worker", "doctor", "--json")
		if code != want {
			t.Fatalf("exit %d, want %d\n%s%s", code, want, out, errs)
		}
		found := map[string]doctor.Finding{}
		for line := range strings.Lines(out) {
			var f doctor.Finding
			if err := json.Unmarshal([]byte(line), &f); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			found[f.Check] = f
		}
		return found
	}
	found := examine(0)
	if found["redis.appendfsync"].Level != doctor.OK || found["dana.credentials"].Level != doctor.OK || found["workers"].Level != doctor.Warning {
		t.Errorf("%+v", found)
	}
	changes := func(info string) string {
		_, rest, _ := strings.Cut(info, "rdb_changes_since_last_save:")
		n, _, _ := strings.Cut(rest, "\r\n")
		return n
	}
	if after := rdb.Info(t.Context(), "persistence").Val(); changes(after) != changes(before) || changes(before) == "" {
		t.Errorf("Redis was written to: %s, %s", changes(before), changes(after))
	}
	s.must("ledger", "hold", "--reason", "test")
	if f := examine(1)["hold"]; f.Level != doctor.Problem || f.Do == "" {
		t.Errorf("%+v", f)
	}
	s.redis.Kill()
	if f := examine(4)["redis"]; !f.Unreachable {
		t.Errorf("%+v", f)
	}
	s.env["PRIVATE_KEY_PATH"] = "/nowhere"
	examine(2)
	if text := s.mustHelp(); !strings.Contains(text, "Exit codes") || !strings.Contains(text, "REDIS_URL") {
		t.Errorf("help: %s", text)
	}
}

func (s *system) mustHelp() string { return s.must("worker", "doctor", "--help") }
