package check

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

func project(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{root + "/compose.yaml"}, cli.WithoutEnvironmentResolution)
	if err != nil {
		t.Fatal(err)
	}
	p, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Compose itself reads the file, strictly; each setting is known to its program; and the Redis in it keeps what it has.
func TestCompose(t *testing.T) {
	t.Parallel()
	p := project(t)
	if len(p.Services) != 4 || len(p.Volumes) != 2 {
		t.Fatalf("%v %v", p.ServiceNames(), p.VolumeNames())
	}
	programs := map[string][]string{"worker": {"worker"}, "intake": {"enqueue", "serve"}, "sandbox": {"enqueue", "account"}} // the last is its health check
	for name, s := range p.Services {
		if !s.ReadOnly || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s can write to its root or gain rights", name)
		}
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s is open to the network: %+v", name, port)
			}
		}
		if name == "redis" {
			command := strings.Join(s.Command, " ")
			for _, want := range []string{"--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction"} {
				if !strings.Contains(command, want) {
					t.Errorf("Redis without %s: %s", want, command)
				}
			}
			continue
		}
		if s.Image != "salur:local" || s.User != "" || !slices.Equal(s.CapDrop, []string{"ALL"}) {
			t.Errorf("%s: %s %q %v", name, s.Image, s.User, s.CapDrop)
		}
		known := settings(t, programs[name]...)
		for key := range s.Environment {
			if !known[key] {
				t.Errorf("%s does not know %s", name, key)
			}
		}
	}
	for name, manifest := range map[string]string{"worker": "worker", "intake": "intake"} {
		grace := time.Duration(*p.Services[name].StopGracePeriod)
		pod := readCluster(t).deployments[manifest].Spec.Template.Spec
		needed := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second
		if hook := pod.Containers[0].Lifecycle; hook != nil {
			needed -= time.Duration(hook.PreStop.Sleep.Seconds) * time.Second
		}
		if grace < needed {
			t.Errorf("%s has %v to stop, in Kubernetes %v", name, grace, needed)
		}
	}
}

// The services of the file, run here as processes with its own commands and settings: the sandbox becomes healthy by its check, the
// intake takes its key, and the worker pays.
func TestComposeRuns(t *testing.T) {
	t.Parallel()
	tool(t, "redis-server")
	p := project(t)
	dir := t.TempDir()
	ports := map[string]string{"redis:6379": free(t), "sandbox:8090": free(t), "0.0.0.0:8080": free(t), "0.0.0.0:8082": free(t)}
	ports["0.0.0.0:8090"] = ports["sandbox:8090"]
	here := func(s string) string {
		for from, to := range ports {
			s = strings.ReplaceAll(s, from, to)
		}
		return strings.ReplaceAll(strings.ReplaceAll(s, "/bin/", programs(t)+"/"), "/keys", dir)
	}
	command := func(service string, words ...string) *exec.Cmd {
		for i := range words {
			words[i] = here(words[i])
		}
		c := exec.Command(words[0], words[1:]...)
		c.Dir = dir
		for key, value := range p.Services[service].Environment {
			c.Env = append(c.Env, key+"="+here(*value))
		}
		return c
	}
	start := func(service string, words ...string) {
		t.Helper()
		c := command(service, words...)
		var log bytes.Buffer
		c.Stdout, c.Stderr = &log, &log
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = c.Process.Kill()
			_ = c.Wait()
			if t.Failed() {
				t.Logf("%s:\n%s", service, log.String())
			}
		})
	}
	_, port, _ := net.SplitHostPort(ports["redis:6379"])
	start("redis", append(slices.Clone(p.Services["redis"].Command), "--port", port)...)
	start("sandbox", p.Services["sandbox"].Entrypoint...)
	check := p.Services["sandbox"].HealthCheck.Test
	await(t, "the sandbox to be healthy", func() bool { return command("sandbox", slices.Clone(check[1:])...).Run() == nil })
	await(t, "Redis to answer", func() bool {
		c, err := net.Dial("tcp", ports["redis:6379"])
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	start("worker", "/bin/worker") // the image's own entry point
	start("intake", p.Services["intake"].Entrypoint...)
	call := func(method, path, body string) string {
		r, err := http.NewRequest(method, "http://"+ports["0.0.0.0:8082"]+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer local-key")
		r.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return err.Error()
		}
		defer func() { _ = res.Body.Close() }()
		text, _ := io.ReadAll(res.Body)
		return res.Status + " " + string(text)
	}
	await(t, "the intake to accept", func() bool {
		return strings.HasPrefix(call(http.MethodPost, "/v1/payouts", `{"ref":"PAY-1","customer":"62811742234","amount":"10000"}`), "20")
	})
	await(t, "the payout to succeed", func() bool {
		return strings.Contains(call(http.MethodGet, "/v1/payouts/PAY-1", ""), `"state":"succeeded"`)
	})
}

// free is an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// await polls: what is awaited happens in another process.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}
