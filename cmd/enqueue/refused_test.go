package main

import (
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/redistest"
)

// A payout that Redis refuses is called not accepted, with the reason, whichever way it comes.
func TestRefusedIsNotAccepted(t *testing.T) {
	t.Parallel()
	codes := append([]string{"no scripts"}, redistest.Refusals...)
	for _, code := range codes {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			var server *redistest.Server
			if code == "no scripts" {
				server = redistest.Start(t, "--rename-command", "EVALSHA", "", "--rename-command", "EVAL", "")
			} else {
				server = redistest.Start(t)
				server.Refuse(code)
			}
			rdb := server.Client()
			b := &bundle{rdb: rdb, url: "redis://" + server.Addr()}
			csv := "ref,customer,amount\nPAY-1,62811742234,10000\nPAY-2,62811742235,10000\n"
			for _, args := range [][]string{topUp(), bank(), {"batch", "-", "--format", "csv"}} {
				stdin := ""
				if args[0] == "batch" {
					stdin = csv
				}
				_, stderr, exit := b.run(t.Context(), stdin, args...)
				lines := strings.Split(strings.TrimSpace(stderr), "\n")
				last := lines[len(lines)-1]
				if exit != cli.Unreachable || !strings.Contains(last, "accepted") || strings.Contains(stderr, "not known whether") || strings.Contains(stderr, "user_script") {
					t.Errorf("%q: exit %d, %q", args, exit, stderr)
				}
				reason := code
				switch code {
				case "no scripts":
					reason = "this Redis does not run scripts"
				case "OOM":
					reason = "full" // found before the write
				}
				if !strings.Contains(last, reason) {
					t.Errorf("%q: %q does not say %q", args, last, reason)
				}
			}
			if code != "NOPERM" && rdb.Exists(t.Context(), "salur:{topup}:tx:PAY-1").Val() != 0 {
				t.Error("it is on record")
			}
		})
	}
}
