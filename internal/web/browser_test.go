package web

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/web/transactions"
)

// browser is a Chromium in PATH; without one the test is skipped.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("needs Chromium: chromium, chromium-browser or google-chrome (make setup installs it)")
	return ""
}

// dom is what a person sees of a page: the document after its scripts have run for a while of the browser's own time,
// which stands still while something is being fetched.
func dom(t *testing.T, chromium, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, chromium,
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--user-data-dir="+t.TempDir(),
		"--virtual-time-budget=5000", "--dump-dom", url).Output()
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return string(out)
}

// A payout's task is found in each tab of the Asynq web UI, in a real browser that has the password, and with the policy
// that keeps the browser from going elsewhere.
func TestTabsInABrowser(t *testing.T) {
	t.Parallel()
	chromium := browser(t)
	server := redistest.Start(t)
	tasksInEachState(t, server.Client())
	url := strings.Replace(serveOn(t, server, Config{User: "sari", Password: "rahasia"}), "http://", "http://sari:rahasia@", 1)

	for _, state := range states {
		page := dom(t, chromium, url+UIPath+"queues/bank?status="+state)
		if !strings.Contains(page, "PAY-"+state) || !strings.Contains(page, "bank:send") {
			t.Errorf("the tab %s does not show its task: %.2000s", state, page)
		}
		hidden(t, page)
		for _, other := range states {
			if other != state && strings.Contains(page, "PAY-"+other) {
				t.Errorf("the tab %s shows the task that is %s", state, other)
			}
		}
	}
	for path, want := range map[string]string{
		UIPath: "bank", UIPath + "queues/bank/tasks/PAY-archived:1": "DANA refused", UIPath + "servers": "bank", UIPath + "redis": "redis_version",
		transactions.Path: "sends to bank accounts", transactions.Path + "holds": "Hold sending",
	} {
		page := dom(t, chromium, url+path)
		if !strings.Contains(page, want) {
			t.Errorf("%s does not show %q: %.2000s", path, want, page)
		}
		hidden(t, page)
	}
}
