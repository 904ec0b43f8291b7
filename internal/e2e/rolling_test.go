package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// gracePeriod is what a Deployment gives a pod between SIGTERM and SIGKILL.
func gracePeriod(t *testing.T, manifest string) time.Duration {
	t.Helper()
	text, err := os.ReadFile("../../deploy/kubernetes/" + manifest)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^ +terminationGracePeriodSeconds: (\d+)`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("%s has no terminationGracePeriodSeconds", manifest)
	}
	seconds, _ := strconv.Atoi(string(m[1]))
	return time.Duration(seconds) * time.Second
}

// retire ends a process as a kubelet does: SIGTERM, and SIGKILL when the grace period is over.
func retire(t *testing.T, p *process, grace time.Duration) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(grace):
		p.kill()
		t.Errorf("killed after the grace period of %v:\n%s", grace, p.stderr.tail())
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit %d:\n%s", code, p.stderr.tail())
	}
}

// doors are the addresses behind a Service. An intake that was told to stop stays among them until it is
// gone, for a Service learns of it late: some requests find nobody.
type doors struct {
	mu     sync.Mutex
	urls   []string
	next   int
	missed int // requests without an answer
}

func (d *doors) pick() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.next++
	return d.urls[d.next%len(d.urls)]
}

func (d *doors) miss() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.missed++
}

func (d *doors) misses() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.missed
}

func (d *doors) replace(old, now string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := []string{now}
	for _, url := range d.urls {
		if url != old && url != now {
			kept = append(kept, url)
		}
	}
	d.urls = kept
}

// hand hands payout n of a producer over, and repeats it under its reference until somebody has answered that it
// is accepted.
func (d *doors) hand(t *testing.T, ref string, n int) {
	body := onePayout(ref) // slow: its answer takes two seconds
	switch n % 10 {
	case 1, 2, 3, 4:
		body = strings.Replace(body, "62811742234", fmt.Sprintf("6281%07d", n), 1)
	case 5, 6:
		body = fmt.Sprintf(`{"ref":%q,"kind":"bank","bankCode":"014","account":"2460888509","customer":"62811742234","amount":"10000"}`, ref)
	case 7:
		body = strings.Replace(body, "62811742234", "628999000001", 1) // paid, and the line breaks after two seconds
	}
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		switch status, text := submit(d.pick(), body); status {
		case http.StatusCreated, http.StatusOK:
			return
		case 0:
			d.miss() // accepted or not: nobody knows, and so it is sent again
		default:
			t.Errorf("%s: %d %s", ref, status, text)
			return
		}
	}
	t.Errorf("%s is not accepted", ref)
}

// A rolling restart of everything, under load, as the Deployments do it: each new process is ready before an old one is told to
// stop, and an old one has the manifest's grace period. Nothing is lost and nobody is paid twice; and no exchange is cut off: a
// payout whose DANA answered took one attempt, whichever worker made it.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	s := setupHanging(t, "2s", "--appendfsync", "always")
	s.env["SALUR_DANA_TIMEOUT"] = "15s" // not what an answer runs into on a slow machine
	s.env["SALUR_API_KEYS"], s.env["SALUR_API_RATE_LIMIT"] = fmt.Sprintf("payroll:%x", sha256.Sum256([]byte(apiKey))), "0"
	s.control("plan", `{"behaviours":[{"customer":"62811742234","behaviour":{"sends":[{"answer":"slow"}]}},
		{"account":"014/2460888509","behaviour":{"sends":[{"answer":"slow"}]}}]}`)
	workers := []*process{s.worker(), s.worker(), s.worker()}
	intakes, urls := make([]*process, 2), make([]string, 2)
	for i := range intakes {
		intakes[i], urls[i] = s.intake()
	}
	service := &doors{urls: append([]string{}, urls...)}

	stop := make(chan struct{})
	var load sync.WaitGroup
	var mu sync.Mutex
	var accepted []string
	for producer := range 4 {
		load.Go(func() {
			for n := 0; ; n++ {
				ref := fmt.Sprintf("R-%d-%d-%d", producer, n, n%10)
				service.hand(t, ref, n)
				mu.Lock()
				accepted = append(accepted, ref)
				mu.Unlock()
				select {
				case <-stop:
					return
				case <-time.After(80 * time.Millisecond): // its pace
				}
			}
		})
	}
	underWay := func() bool {
		return strings.Count(s.must("ledger", "list", "--state", "processing", "--json"), `"ref"`) > 5
	}
	for i, old := range workers {
		workers[i] = s.worker()
		await(t, "exchanges to be under way", underWay)
		retire(t, old, gracePeriod(t, "worker.yaml"))
		if i < len(intakes) {
			_, url := s.intake()
			service.replace("", url)
			retire(t, intakes[i], gracePeriod(t, "intake.yaml"))
			before := service.misses()
			await(t, "a request to find nobody", func() bool { return service.misses() > before })
			service.replace(urls[i], url)
		}
	}
	close(stop)
	load.Wait()

	await(t, "all to end", func() bool {
		return s.must("ledger", "list", "--state", "queued", "--json")+s.must("ledger", "list", "--state", "processing", "--json")+
			s.must("ledger", "list", "--state", "pending", "--json") == ""
	})
	onRecord := s.recorded()
	if len(onRecord) != len(accepted) {
		t.Errorf("%d on record, %d were handed over", len(onRecord), len(accepted))
	}
	url := service.pick()
	for _, ref := range accepted {
		tx := look(t, url, ref)
		wanted := 1
		if strings.HasSuffix(ref, "-7") {
			wanted = 2 // its first answer was lost by DANA
		}
		if tx.State != "succeeded" || tx.Attempts != wanted {
			t.Errorf("%s is %q after %d attempts, want succeeded after %d: %+v", ref, tx.State, tx.Attempts, wanted, tx.History)
		}
		for _, e := range tx.History {
			if strings.Contains(e.Detail, "attempt_lost") {
				t.Errorf("%s: a worker left its attempt behind: %+v", ref, e)
			}
		}
	}
	if n := len(s.books().Credits); n != len(accepted) {
		t.Errorf("%d credits of %d payouts", n, len(accepted))
	}
	s.balance()
	t.Logf("%d payouts; 3 workers and 2 intakes replaced; %d requests found nobody and were made again", len(accepted), service.misses())
}

// look reads a payout at the intake.
func look(t *testing.T, url, ref string) (tx transaction) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url+"/v1/payouts/"+ref, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+apiKey)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || json.Unmarshal(text, &tx) != nil {
		t.Fatalf("%s: %d %v %s", ref, res.StatusCode, err, text)
	}
	return tx
}
