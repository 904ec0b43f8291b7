package check

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
)

// Compose itself reads the file, strictly; each setting is known to its program; and the Redis in it keeps what it has.
func TestCompose(t *testing.T) {
	t.Parallel()
	options, err := cli.NewProjectOptions([]string{root + "/compose.yaml"}, cli.WithoutEnvironmentResolution)
	if err != nil {
		t.Fatal(err)
	}
	p, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
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
