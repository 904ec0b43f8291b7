package main

import (
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/redistest"
	sm "github.com/salur-id/salur/internal/statemachine"
)

// Looking goes on while Redis refuses writes, and says so; an act says that it was not done.
func TestRedisRefusesWrites(t *testing.T) {
	t.Parallel()
	for _, code := range redistest.Refusals {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			b := over(server)
			b.put(t, sm.StateQueued)
			b.put(t, sm.StateReview)
			server.Refuse(code)
			for _, args := range [][]string{
				{"stats"}, {"list"}, {"show", "queued"}, {"export", "--format", "jsonl"},
			} {
				exit, out, errs := b.run(t, args...)
				noted := strings.HasPrefix(errs, "ledger: Redis takes no writes, so that nothing is accepted or sent: ") && strings.Contains(errs, code) && strings.Count(errs, "\n") == 1
				if exit != cli.Done || out == "" || noted != (code != "NOPERM") {
					t.Errorf("%q: exit %d, %q, %q", args, exit, out, errs)
				}
			}
			for says, args := range map[string][]string{
				"sending is not held: ":            {"hold", "--reason", "test"},
				"nobody was asked: ":               {"inquire", "review"},
				"the decision is not on record: ":  {"resolve", "review", "--as", "failed", "--reason", "test", "--by", "Sari"},
				"it is not cancelled: this Redis ": {"cancel", "queued", "--reason", "test", "--by", "Sari"},
			} {
				if code == "NOPERM" {
					says, _, _ = strings.Cut(says, ": ")
				}
				exit, out, errs := b.run(t, args...)
				if exit != cli.Unreachable || out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, says) || !strings.Contains(errs, code) ||
					strings.Contains(errs, "user_script") || strings.Contains(errs, "not known") {
					t.Errorf("%q: exit %d, %q, %q", args, exit, out, errs)
				}
			}
			if b.get(t, "queued").Tx.State != sm.StateQueued || b.get(t, "review").Tx.State != sm.StateReview {
				t.Error("an act was done")
			}
		})
	}
}
