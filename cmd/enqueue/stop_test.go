package main

import (
	"os"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/salur-id/salur/internal/api"
)

// The intake's pod is not killed before its longest request is answered, the pause before SIGTERM included.
func TestIntakeGracePeriod(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/kubernetes/intake.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var deployment struct {
		Spec struct {
			Template struct {
				Spec struct {
					Grace      int `yaml:"terminationGracePeriodSeconds"`
					Containers []struct {
						Lifecycle struct {
							PreStop struct {
								Sleep struct {
									Seconds int `yaml:"seconds"`
								} `yaml:"sleep"`
							} `yaml:"preStop"`
						} `yaml:"lifecycle"`
					} `yaml:"containers"`
				} `yaml:"spec"`
			} `yaml:"template"`
		} `yaml:"spec"`
	}
	if err := yaml.Unmarshal(text, &deployment); err != nil {
		t.Fatal(err)
	}
	pod := deployment.Spec.Template.Spec
	pause := time.Duration(pod.Containers[0].Lifecycle.PreStop.Sleep.Seconds) * time.Second
	const margin = 5 * time.Second
	if needed := pause + stopsWithin(api.Server(nil)) + margin; pause == 0 || time.Duration(pod.Grace)*time.Second < needed {
		t.Errorf("a grace period of %d s with a pause of %v, %v are needed", pod.Grace, pause, needed)
	}
}
