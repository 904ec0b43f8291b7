package e2e

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// A worker that lacks something says so, a line per problem, and does not start.
func TestWorkerRefusesToStartHalfConfigured(t *testing.T) {
	t.Parallel()
	s := &system{t: t, env: map[string]string{"SALUR_CONCURENCY": "3", "DANA_ENV": "staging", "SALUR_DANA_TIMEOUT": "8"}}
	out, errs, code := s.run("", "worker")
	if code != 2 || out != "" {
		t.Errorf("exit %d, stdout %q", code, out)
	}
	for _, name := range []string{"SALUR_CONCURENCY", "DANA_ENV", "SALUR_DANA_TIMEOUT", "X_PARTNER_ID", "ORIGIN", "PRIVATE_KEY"} {
		if n := len(regexp.MustCompile(`(?m)^worker: `+name+`\b`).FindAllString(errs, -1)); n != 1 {
			t.Errorf("%s is named in %d lines of\n%s", name, n, errs)
		}
	}
	const secret = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
	s.env = map[string]string{"X_PARTNER_ID": "p", "ORIGIN": "o", "PRIVATE_KEY": secret}
	if _, errs, code = s.run("", "worker"); code != 2 || strings.Contains(errs, secret) {
		t.Errorf("bad key: exit %d\n%s", code, errs)
	}
}

// The one command that a newcomer runs.
func TestDemo(t *testing.T) {
	t.Parallel()
	s := &system{t: t, env: map[string]string{"SALUR_HTTP_ADDR": "127.0.0.1:0"}}
	demo := s.start("worker", "demo")
	urls := map[string]string{}
	for len(urls) < 5 {
		line := demo.line(t)
		if url := regexp.MustCompile(`http://\S+`).FindString(line); url != "" {
			urls[strings.TrimSpace(strings.SplitN(line, "http", 2)[0])] = url
		}
	}
	for name, want := range map[string]string{
		"transactions": "<h1>Overview</h1>", "Asynq web UI": `<div id="root">`, "metrics": "salur_transactions", "readiness": `"checks"`, "DANA's books": `"credits"`,
	} {
		await(t, name+" to answer", func() bool { return strings.Contains(get(urls[name]), want) })
	}
	await(t, "payouts to succeed and to fail", func() bool {
		m := get(urls["metrics"])
		return regexp.MustCompile(`salur_transactions\{state="succeeded"\} [1-9]`).MatchString(m) &&
			regexp.MustCompile(`salur_transactions\{state="failed"\} [1-9]`).MatchString(m) &&
			regexp.MustCompile(`salur_transactions\{state="review"\} [1-9]`).MatchString(m)
	})
	ui := strings.TrimSuffix(urls["Asynq web UI"], "/")
	if tasks := get(ui + "/api/queues/topup/completed_tasks"); !strings.Contains(tasks, "DEMO-0001") {
		t.Errorf("the web UI does not show the payouts' tasks: %s", tasks)
	}
	r, err := http.NewRequest(http.MethodDelete, ui+"/api/queues/topup", nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := http.DefaultClient.Do(r); err != nil || res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("without credentials the web UI lets itself be written to: %v, %v", res, err)
	}
	if err := demo.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(demo.stdout)
	<-demo.ended
	if code := demo.cmd.ProcessState.ExitCode(); code != 0 || !strings.Contains(string(rest), "data is gone") {
		t.Errorf("exit %d, last words %q", code, rest)
	}

	s.env["DANA_ENV"] = "Production"
	if _, errs, code := s.run("", "worker", "demo"); code != 2 || !strings.Contains(errs, "DANA_ENV") {
		t.Errorf("in production: exit %d, %s", code, errs)
	}
}

func get(url string) string {
	r, err := http.Get(url)
	if err != nil {
		return ""
	}
	defer func() { _ = r.Body.Close() }()
	b, _ := io.ReadAll(r.Body)
	return string(b)
}
