package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/redistest"
)

// bundle is the program over a Redis of its own.
type bundle struct {
	rdb     *redis.Client
	ledger  *ledger.Redis
	url     string
	output  string // everything that was ever printed
	checked string // the first line of the last run, if it was about a checked file
	warned  string // what followed it on amounts, and warnings
}

func setup(t *testing.T) *bundle {
	t.Helper()
	server := redistest.Start(t)
	rdb := server.Client()
	return &bundle{rdb: rdb, ledger: ledger.NewRedis(rdb), url: "redis://" + server.Addr()}
}

func (b *bundle) run(ctx context.Context, stdin string, args ...string) (stdout, stderr string, code cli.Code) {
	var out, errs bytes.Buffer
	code = cli.Code(cli.Main(ctx, newCommand([]string{"REDIS_URL=" + b.url}), args, strings.NewReader(stdin), &out, &errs))
	b.output += out.String() + errs.String()
	stderr = errs.String()
	if b.checked, b.warned = "", ""; strings.HasPrefix(stderr, "checked ") { // what a batch says before it accepts anything
		b.checked, stderr, _ = strings.Cut(stderr, "\n")
		for strings.HasPrefix(stderr, "amounts: ") || strings.HasPrefix(stderr, "warning: ") {
			line, rest, _ := strings.Cut(stderr, "\n")
			b.warned, stderr = b.warned+line+"\n", rest
		}
	}
	return out.String(), stderr, code
}

// topUp is a good payout with some of its flags replaced.
func topUp(change ...string) []string {
	return command("topup", []string{"ref", "PAY-1", "customer", "628123450001", "amount", "10000"}, change)
}

// bank is one to a bank account.
func bank(change ...string) []string {
	return command("bank", []string{"ref", "BANK-1", "customer", "628123450001", "bank-code", "014", "account", "2460888509", "amount", "50000"}, change)
}

// command is a command with flags in their order, some of them replaced.
func command(name string, given, change []string) []string {
	flags := map[string]string{}
	var order []string
	for i, all := 0, slices.Concat(given, change); i+1 < len(all); i += 2 {
		if _, ok := flags[all[i]]; !ok {
			order = append(order, all[i])
		}
		flags[all[i]] = all[i+1]
	}
	args := []string{name}
	for _, flag := range order {
		args = append(args, "--"+flag+"="+flags[flag])
	}
	return args
}

func (b *bundle) size(t *testing.T) int64 {
	t.Helper()
	n, err := b.rdb.DBSize(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func conflicts(ref string) string {
	return fmt.Sprintf("enqueue: --ref %q: the reference exists with other content; nothing was changed, give a new payout a reference of its own (see ledger show %s)\n", ref, ref)
}

// The payee as no output may show it.
var personalOfBank = []string{"2460888509", "628123450001", "Budi", "Santoso"}

func (b *bundle) hides(t *testing.T, personal ...string) {
	t.Helper()
	for _, p := range personal {
		if strings.Contains(b.output, p) {
			t.Errorf("%s was printed in full", p)
		}
	}
}

func TestRedisAway(t *testing.T) {
	t.Parallel()
	b := &bundle{url: "redis://user:rahasia@127.0.0.1:1"}
	for _, args := range [][]string{topUp(), bank()} {
		_, errs, code := b.run(t.Context(), "", args...)
		if code != cli.Unreachable || strings.Count(errs, "\n") != 1 || strings.Contains(errs, "rahasia") {
			t.Errorf("%s: exit %d, %q", args[0], code, errs)
		}
	}
	b.hides(t, personalOfBank...)
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	b := &bundle{}
	for _, args := range [][]string{{"--help"}, {"topup", "--help"}, {"bank", "--help"}, {"batch", "--help"}, {"--version"}} {
		if out, errs, code := b.run(t.Context(), "", args...); code != cli.Done || out == "" || errs != "" {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
}
