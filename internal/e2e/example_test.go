package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The example service, a module of its own, is built and lived with: a payday, repeated after the
// service was killed; what ended meanwhile is told when it is back.
func TestExamplePayday(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "build", "-C", "../../examples/payday", "-o", filepath.Join(programs, "payday"), ".").CombinedOutput()
	if err != nil {
		t.Fatalf("build the example: %v\n%s", err, out)
	}
	s := setup(t)
	s.env["PEOPLE"], s.env["LISTEN"] = "../../examples/payday/people.json", "127.0.0.1:0"

	payday := s.start("payday")
	var url string
	listens := func(p *process) {
		await(t, "the example to listen", func() bool {
			for _, line := range p.stderr.lines() {
				if addr, found := strings.CutPrefix(line, "payday listens on "); found {
					url = "http://" + strings.TrimSpace(addr) + "/paydays/2026-11"
				}
			}
			return url != ""
		})
	}
	call := func(method string) (status int, answer map[string]any) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Body.Close() }()
		body, _ := io.ReadAll(r.Body)
		if r.StatusCode == http.StatusOK {
			if err := json.Unmarshal(body, &answer); err != nil {
				t.Fatalf("%s: %v", body, err)
			}
		}
		return r.StatusCode, answer
	}
	listens(payday)
	// The group of those who are told begins with the first member.
	await(t, "the example to subscribe", func() bool {
		return s.redis.Client().XInfoGroups(t.Context(), "salur:{topup}:events").Err() == nil
	})
	if status, answer := call(http.MethodPost); status != http.StatusOK || answer["Accepted"] != 3.0 {
		t.Fatalf("payday: %d %v", status, answer)
	}
	payday.kill()
	s.worker()
	for _, ref := range []string{"SALARY-2026-11-ana", "SALARY-2026-11-budi"} {
		s.awaitState(ref, "succeeded")
	}
	s.awaitState("SALARY-2026-11-citra", "failed")

	url = ""
	payday = s.start("payday")
	listens(payday)
	if status, answer := call(http.MethodPost); status != http.StatusOK || answer["Accepted"] != 0.0 || answer["Before"] != 3.0 {
		t.Errorf("payday again: %d %v", status, answer)
	}
	if _, states := call(http.MethodGet); states["ana"] != "succeeded" || states["budi"] != "succeeded" || states["citra"] != "failed do_not_honor" {
		t.Errorf("how they stand: %v", states)
	}
	for _, outcome := range []string{
		"SALARY-2026-11-ana succeeded IDR 5000000.00", "SALARY-2026-11-budi succeeded IDR 4500000.00", "SALARY-2026-11-citra failed IDR 4750000.00 do_not_honor",
	} {
		await(t, outcome, func() bool {
			return slices.ContainsFunc(payday.stderr.lines(), func(line string) bool { return strings.TrimSpace(line) == outcome })
		})
	}
	if code := payday.stop(t); code != 0 {
		t.Errorf("stopped with %d", code)
	}
	s.balance()
}
