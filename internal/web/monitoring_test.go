package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/redistest"
)

// Whatever asynqmon's API is asked about tasks in any state, it names the payout and nobody.
func TestMonitoringAPI(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	tasksInEachState(t, server.Client())
	url := serveOn(t, server, Config{}) + UIPath + "api/"
	see := func(path, want string) string {
		t.Helper()
		code, body := ask(t, "GET", url+path, nil)
		if code != http.StatusOK || !strings.Contains(body, want) || !json.Valid([]byte(body)) {
			t.Errorf("%s: %d, want %q in %s", path, code, want, body)
		}
		hidden(t, body)
		return body
	}
	for _, state := range states {
		see("queues/bank/"+state+"_tasks?size=20&page=1", `"id":"PAY-`+state+`:1"`)
		see("queues/bank/tasks/PAY-"+state+":1", `****234`)
	}
	if body := see("queues/bank/retry_tasks", "PAY-retry"); !strings.Contains(body, `"error_message":"DANA refused ****234 (****234): {****}"`) {
		t.Errorf("the error is not to be recognised: %s", body)
	}
	eventually(t, "the server tells what it does", func() bool {
		_, body := ask(t, "GET", url+"servers", nil)
		hidden(t, body)
		return strings.Contains(body, "PAY-active")
	})
	for _, path := range []string{"queues", "queues/bank", "queue_stats", "scheduler_entries", "redis_info"} {
		see(path, "")
	}
	if code, body := ask(t, "GET", url+"queues/bank/tasks/none", nil); code != 404 {
		t.Errorf("an error of the API's own: %d %s", code, body)
	}
}

// A queue of any length is read a page at a time, whatever is asked for.
func TestMonitoringPagesAreBounded(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	rdb := server.Client()
	for i := range largestPage + 50 {
		enqueue(t, rdb, fmt.Sprint(i), asynq.Queue("bank"))
	}
	url := serveOn(t, server, Config{}) + UIPath + "api/queues/bank/pending_tasks?"
	for query, want := range map[string]int{
		"size=0": largestPage, "size=-1": largestPage, "size=1000000": largestPage, "size=x": largestPage, "size=30": 30, "": 20,
		"size=100&page=2": 50, "size=100&page=0": 0, "size=100&page=9223372036854775807": 0,
	} {
		var got struct{ Tasks []struct{ ID string } }
		code, body := ask(t, "GET", url+query, nil)
		if err := json.Unmarshal([]byte(body), &got); err != nil || code != 200 || len(got.Tasks) != want {
			t.Errorf("%q: %d, %d tasks (%v), want %d", query, code, len(got.Tasks), err, want)
		}
	}
}

func TestHeldAnswerIsBounded(t *testing.T) {
	t.Parallel()
	h := maskAnswers(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 3 * largestAnswer / (1 << 20) {
			_, _ = w.Write(make([]byte, 1<<20))
		}
	}))
	held := &heldAnswer{header: http.Header{}}
	r, _ := http.NewRequest("GET", "http://localhost"+UIPath+"api/queues", nil)
	if h.ServeHTTP(held, r); held.status != http.StatusInternalServerError || !strings.Contains(held.body.String(), "too large") {
		t.Errorf("%d %.100s", held.status, held.body.String())
	}
}

func TestMaskError(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                          "",
		"ref \"\": give the payout's reference":     "ref \"\": give the payout's reference",
		"payload: not JSON at byte 17":              "payload: not JSON at byte 17",
		"dial tcp 127.0.0.1:6379: refused":          "dial tcp 127.0.0.1:6379: refused",
		"to 62811742234 failed":                     "to ****234 failed",
		"to +62 811-742-234, twice":                 "to ****234, twice",
		"to (0811) 742 234":                         "to (****234",
		"account 12345678":                          "account ****",
		`answer {"name": "Budi"} of 1`:              "answer {****}",
		`answer "{\"name\": \"Budi\"}"`:             `answer "{****}`,
		`answer [{"name": "Budi"}]`:                 "answer {****}",
		`panic [send.go:12]: nil`:                   `panic [send.go:12]: nil`,
		strings.Repeat("é", longestError) + " more": strings.Repeat("é", longestError) + "…",
	} {
		if got := maskError(in); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}

// No number of eight digits or more stands in a masked text.
func FuzzMaskError(f *testing.F) {
	f.Add("to 62811742234 and 0811-742-234")
	f.Add(`{"customer":"62811742234"`)
	f.Fuzz(func(t *testing.T, text string) {
		run := 0
		for _, r := range maskError(text) {
			if run++; r < '0' || r > '9' {
				run = 0
			}
			if run >= 8 {
				t.Fatalf("%q becomes %q", text, maskError(text))
			}
		}
	})
}
