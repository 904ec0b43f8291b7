package e2e

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// largestBody is the most bytes that the intake reads.
const largestBody = 4 << 20

// filled repeats an element until the array is as large as a body may be, or has so many.
func filled(element string, most int) string {
	n := min(most, (largestBody-2)/(len(element)+1))
	return "[" + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + "]"
}

// numbered are a thousand objects, each made from its number.
func numbered(object func(i int) string) string {
	objects := make([]string, 1000)
	for i := range objects {
		objects[i] = object(i)
	}
	return "[" + strings.Join(objects, ",") + "]"
}

// memoryBound is the most that the process may ever have used. The manifest gives it 128 MiB.
const memoryBound = 110 << 10 // KiB

// goMemoryLimit is what the manifest tells the Go runtime of that.
func goMemoryLimit(t *testing.T) string {
	t.Helper()
	manifest, err := os.ReadFile("../../deploy/kubernetes/intake.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`GOMEMLIMIT\n\s+value: (\S+)`).FindSubmatch(manifest)
	if m == nil || !strings.Contains(string(manifest), "limits: {memory: 128Mi}") {
		t.Fatal("the manifest has no GOMEMLIMIT, or another limit than 128Mi")
	}
	return string(m[1])
}

// peak is the most memory that the process has had, in KiB.
func (p *process) peak(t *testing.T) int {
	t.Helper()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("measures by /proc, which Linux has")
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if err != nil || m == nil {
		t.Fatalf("the process is gone: %v", err)
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}

// The worst requests of each kind, 64 at once, leave the intake within its manifest's memory; it serves or refuses each of them, and a
// payout by itself is accepted afterwards.
func TestServeWithinItsMemory(t *testing.T) {
	s := serveSetup(t)
	s.env["GOMEMLIMIT"] = goMemoryLimit(t)
	keys := []string{apiKey, "another-" + apiKey} // a key alone has half of the places
	s.env["SALUR_API_KEYS"] = fmt.Sprintf("payroll:%x,refunds:%x", sha256.Sum256([]byte(keys[0])), sha256.Sum256([]byte(keys[1])))
	long := strings.Repeat("n", 255)
	escaped := strings.Repeat(`\u0041`, 255)
	full := func(prefix string, n int, notes string) func(int) string {
		return func(i int) string {
			return fmt.Sprintf(`{"ref":"%s-%d-%d-%.40s","customer":"62811742234","amount":"10000","fee":"1.00","notes":"%s",`+
				`"chargeTarget":"DIVISION","division":"%.64s"}`, prefix, n, i, long, notes, long)
		}
	}
	for _, tc := range []struct {
		name string
		body func(n int) string // of the n-th request; none is a list
		want []int              // beside 503
	}{
		{"Numbers", func(int) string { return filled("1", largestBody) }, []int{422}},
		{"EmptyObjects", func(int) string { return filled("{}", largestBody) }, []int{422}},
		{"AThousandEmptyObjects", func(int) string { return filled("{}", 1000) }, []int{422}},
		{"EveryFieldWrong", func(int) string {
			return filled(`{"ref":"","kind":"x","customer":"x","amount":"x","fee":"x","notAfter":"x","fundType":" ","chargeTarget":"x","customerId":"<>"}`, 1000)
		}, []int{422}},
		{"LongValues", func(int) string { return filled(`{"ref":"`+strings.Repeat(`\u0001`, 650)+`"}`, 1000) }, []int{422}},
		{"LongText", func(int) string { return `["` + strings.Repeat("x", largestBody-4) + `"]` }, []int{422}},
		{"OneLongObject", func(int) string { return `{"notes":"` + strings.Repeat("x", largestBody-12) + `"}` }, []int{422}},
		{"Nested", func(int) string { return strings.Repeat("[", largestBody) }, []int{400, 422}},
		{"NestedObjects", func(int) string { return strings.Repeat(`[{"a":`, largestBody/6) }, []int{400, 422}},
		{"Spaces", func(int) string { return strings.Repeat(" ", largestBody-2) + "[]" }, []int{400, 422}},
		{"TooLarge", func(int) string { return strings.Repeat("1", largestBody+1) }, []int{413}},
		{"Valid", func(n int) string {
			return numbered(func(i int) string { return onePayout(fmt.Sprintf("V-%d-%d", n, i)) })
		}, []int{201}},
		{"ValidAndLong", func(n int) string { return numbered(full("L", n, long)) }, []int{201}},
		{"ValidAndEscaped", func(n int) string { return numbered(full("E", n, escaped)) }, []int{201}},
		{"OtherContent", func(n int) string { return strings.ReplaceAll(numbered(full("L", n, "other")), "10000", "10001") }, []int{409, 201}},
		{"Lists", nil, []int{200}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, url := s.intake()
			var mu sync.Mutex
			got := map[int]int{}
			var all sync.WaitGroup
			for n := range 64 {
				all.Go(func() {
					method, path, body := http.MethodGet, "/v1/payouts?limit=1000", ""
					if tc.body != nil {
						method, path, body = http.MethodPost, "/v1/payouts", tc.body(n)
					}
					status, text := request(method, url+path, keys[n%2], body)
					mu.Lock()
					defer mu.Unlock()
					if got[status]++; status == 0 {
						t.Error(text)
					}
				})
			}
			all.Wait()
			peak := p.peak(t)
			t.Logf("%d KiB at most; %v", peak, got)
			if peak > memoryBound {
				t.Errorf("%d KiB, more than %d", peak, memoryBound)
			}
			served := 0
			for _, status := range tc.want {
				served += got[status]
			}
			if served == 0 || served+got[http.StatusServiceUnavailable] != 64 {
				t.Errorf("answers %v, want %v or 503", got, tc.want)
			}
			if status, text := submit(url, onePayout("AFTER-"+tc.name)); status != http.StatusCreated {
				t.Errorf("a payout afterwards: %d %s", status, text)
			}
			p.stop(t)
		})
	}
}
