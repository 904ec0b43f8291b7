package check

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const unit = "deploy/systemd/salur-worker.service"

// systemd reads the unit without a word, and finds little that it could do to its machine.
func TestUnit(t *testing.T) {
	t.Parallel()
	tool(t, "systemd-analyze")
	file := filepath.Join(t.TempDir(), "salur-worker.service")
	here := strings.ReplaceAll(text(t, unit), "/usr/local/bin/worker", filepath.Join(programs(t), "worker"))
	if err := os.WriteFile(file, []byte(here), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(t, "systemd-analyze", "verify", "--man=no", file); out != "" {
		t.Error(out)
	}
	out := run(t, "systemd-analyze", "security", "--offline=true", "--no-pager", file)
	m := regexp.MustCompile(`exposure level for \S+: (\d\.\d)`).FindStringSubmatch(out)
	if m == nil {
		t.Fatal(out)
	}
	if exposed, err := strconv.ParseFloat(m[1], 64); err != nil || exposed > 1.5 {
		t.Errorf("exposure %s", m[1])
	}
}

// The worker knows its settings, has as long to stop as in a pod, and no secret is in what others may read.
func TestUnitSettings(t *testing.T) {
	t.Parallel()
	known := settings(t, "worker")
	for _, line := range strings.Split(text(t, "deploy/systemd/worker.env.example"), "\n") {
		key, value, ok := strings.Cut(line, "=")
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		if !ok || !known[key] {
			t.Errorf("the worker does not know %q", line)
		}
		if (key == "REDIS_URL" || key == "X_PARTNER_ID") && !strings.Contains(value, "PLACEHOLDER") {
			t.Errorf("%s", line)
		}
	}
	grace := *readCluster(t).deployments["worker"].Spec.Template.Spec.TerminationGracePeriodSeconds
	if want := "\nTimeoutStopSec=" + strconv.FormatInt(grace, 10) + "\n"; !strings.Contains(text(t, unit), want) {
		t.Errorf("no %q", want)
	}
}
