package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/redistest"
)

// TestRate measures (make bench-enqueue): the built program accepts a file, and bare asynq enqueues as many
// tasks with payloads of the same size, in turns on one redis-server.
func TestRate(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("BENCH_ENQUEUE"))
	if err != nil {
		t.Skip("measures for minutes; run make bench-enqueue")
	}
	program := build(t)
	path := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(path, rows(n), 0o600); err != nil {
		t.Fatal(err)
	}
	server := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "everysec")
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), ReadTimeout: 30 * time.Second})
	defer rdb.Close()
	var phases, wholes []float64
	for round := range 3 {
		clear := func() {
			if err := rdb.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
		}
		clear()
		bare := bareAsynq(t, rdb, n)
		clear()
		accepting, whole, memory := runBatch(t, program, server.Addr(), path)
		rate := func(d time.Duration) float64 { return float64(n) / d.Seconds() }
		phases, wholes = append(phases, rate(accepting)/rate(bare)), append(wholes, rate(whole)/rate(bare))
		t.Logf("round %d, %d rows: bare asynq %.0f/s; accepting %.0f/s (%.0f%%); whole command %.0f/s (%.0f%%) in %.1f s, peak %d MB",
			round+1, n, rate(bare), rate(accepting), 100*phases[round], rate(whole), 100*wholes[round], whole.Seconds(), memory)
	}
	slices.Sort(phases)
	slices.Sort(wholes)
	t.Logf("median: accepting %.0f%% of bare asynq, whole command %.0f%%", 100*phases[1], 100*wholes[1])
}

// build is the program as make build builds it.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "enqueue")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// rows is a file of n payouts, each of its own.
func rows(n int) []byte {
	var b bytes.Buffer
	b.WriteString("ref,customer,amount,notes\n")
	for i := range n {
		fmt.Fprintf(&b, "PAY-2026-%07d,6281%08d,%d.50,November\n", i, 10_000_000+i, 10_000+i%90_000)
	}
	return b.Bytes()
}

func bareAsynq(t *testing.T, rdb *redis.Client, n int) time.Duration {
	client := asynq.NewClientFromRedisClient(rdb)
	start := time.Now()
	var all sync.WaitGroup
	for from := range 16 {
		all.Go(func() {
			for i := from; i < n; i += 16 {
				ref := fmt.Sprintf("PAY-2026-%07d", i)
				task := asynq.NewTask("topup:send", []byte(`{"v":1,"ref":"`+ref+`"}`))
				if _, err := client.EnqueueContext(t.Context(), task, asynq.Queue("bare"), asynq.TaskID(ref+":1"), asynq.MaxRetry(1_000_000)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(start)
}

// runBatch is how long the program took, altogether and from the end of its check on, and its memory in MB.
func runBatch(t *testing.T, program, addr, path string) (accepting, whole time.Duration, memory int64) {
	cmd := exec.Command(program, "batch", path)
	cmd.Env = []string{"REDIS_URL=redis://" + addr}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(stderr)
	var checked time.Time
	for said.Scan() {
		if strings.HasPrefix(said.Text(), "checked ") {
			checked = time.Now()
		} else {
			t.Log(said.Text())
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return time.Since(checked), time.Since(start), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss >> 10
}
