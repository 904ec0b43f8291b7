package main

import (
	"os"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/salur-id/salur/internal/config"
)

// A pod is not killed before its worker is done: its grace period is longer than a stop takes at worst with the manifest's own
// settings, webhooks included.
func TestGracePeriod(t *testing.T) {
	t.Parallel()
	var deployment struct {
		Spec struct {
			Template struct {
				Spec struct {
					Grace int `yaml:"terminationGracePeriodSeconds"`
				} `yaml:"spec"`
			} `yaml:"template"`
		} `yaml:"spec"`
	}
	read(t, "worker.yaml", func(d *yaml.Decoder) error { return d.Decode(&deployment) })
	var settings struct {
		Data map[string]string `yaml:"data"`
	}
	read(t, "config.yaml", func(d *yaml.Decoder) error {
		if err := d.Decode(&settings); err != nil { // what all programs share
			return err
		}
		return d.Decode(&settings) // the worker's own
	})
	timeout, err := time.ParseDuration(settings.Data["SALUR_DANA_TIMEOUT"])
	if err != nil {
		t.Fatal(err)
	}
	const margin = 5 * time.Second // a slow node, Redis's last writes
	grace := time.Duration(deployment.Spec.Template.Spec.Grace) * time.Second
	if needed := stopsWithin(config.Config{DANA: config.DANA{Timeout: timeout}}) + margin; grace < needed {
		t.Errorf("a grace period of %v, %v are needed", grace, needed)
	}
	if got := stopsWithin(config.Config{DANA: config.DANA{Timeout: time.Minute}}); got != 65*time.Second {
		t.Errorf("the longest time-out takes %v to stop", got)
	}
}

func read(t *testing.T, manifest string, decode func(*yaml.Decoder) error) {
	t.Helper()
	f, err := os.Open("../../deploy/kubernetes/" + manifest)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := decode(yaml.NewDecoder(f)); err != nil {
		t.Fatalf("%s: %v", manifest, err)
	}
}
