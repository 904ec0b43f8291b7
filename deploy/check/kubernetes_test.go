package check

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

const manifests = root + "/deploy/kubernetes"

// cluster is what the manifests describe, by name.
type cluster struct {
	deployments map[string]*apps.Deployment
	services    map[string]*core.Service
	configs     map[string]*core.ConfigMap
	secrets     map[string]*core.Secret
	budgets     map[string]*policy.PodDisruptionBudget
	policies    map[string]*networking.NetworkPolicy
	namespaces  map[string]*core.Namespace
	scaled      map[string]any
}

// documents are the YAML documents of a file.
func documents(t *testing.T, text []byte) (all [][]byte) {
	t.Helper()
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		doc, err := reader.Read()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(bytes.TrimSpace(doc)) > 0 {
			all = append(all, doc)
		}
	}
}

// decode reads a document into its real type, in which every field must exist, once.
func decode[T any](t *testing.T, doc []byte, into map[string]*T, name string) {
	t.Helper()
	v := new(T)
	if err := yaml.UnmarshalStrict(doc, v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if into[name] != nil {
		t.Errorf("%s is there twice", name)
	}
	into[name] = v
}

func (c *cluster) add(t *testing.T, doc []byte) {
	t.Helper()
	var head struct {
		meta.TypeMeta   `json:",inline"`
		meta.ObjectMeta `json:"metadata"`
	}
	if err := yaml.Unmarshal(doc, &head); err != nil {
		t.Fatal(err)
	}
	if head.Namespace != "salur" && head.Kind != "Namespace" {
		t.Errorf("%s %s is in namespace %q", head.Kind, head.Name, head.Namespace)
	}
	switch id := head.APIVersion + " " + head.Kind; id {
	case "apps/v1 Deployment":
		decode(t, doc, c.deployments, head.Name)
	case "v1 Service":
		decode(t, doc, c.services, head.Name)
	case "v1 ConfigMap":
		decode(t, doc, c.configs, head.Name)
	case "v1 Secret":
		decode(t, doc, c.secrets, head.Name)
	case "v1 Namespace":
		decode(t, doc, c.namespaces, head.Name)
	case "policy/v1 PodDisruptionBudget":
		decode(t, doc, c.budgets, head.Name)
	case "networking.k8s.io/v1 NetworkPolicy":
		decode(t, doc, c.policies, head.Name)
	case "keda.sh/v1alpha1 ScaledObject":
		c.scaled[head.Name] = scaledObject(t, doc)
	default:
		t.Errorf("nothing is known about %s %s", id, head.Name)
	}
}

func newCluster() *cluster {
	return &cluster{map[string]*apps.Deployment{}, map[string]*core.Service{}, map[string]*core.ConfigMap{}, map[string]*core.Secret{},
		map[string]*policy.PodDisruptionBudget{}, map[string]*networking.NetworkPolicy{}, map[string]*core.Namespace{}, map[string]any{}}
}

func readCluster(t *testing.T) *cluster {
	t.Helper()
	files, err := filepath.Glob(manifests + "/*.yaml")
	if err != nil || len(files) < 6 {
		t.Fatalf("%v %v", files, err)
	}
	c := newCluster()
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue // TestKustomize
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range documents(t, b) {
			c.add(t, doc)
		}
	}
	if len(c.deployments) != 2 || len(c.services) != 2 || len(c.budgets) != 2 || len(c.policies) != 3 || len(c.scaled) != 1 || len(c.secrets) != 2 {
		t.Errorf("not all is there: %+v", c)
	}
	return c
}

// selects reports whether a selector picks the pods of a deployment.
func selects(t *testing.T, s *meta.LabelSelector, d *apps.Deployment) bool {
	t.Helper()
	selector, err := meta.LabelSelectorAsSelector(s)
	if err != nil {
		t.Fatal(err)
	}
	return selector.Matches(labels.Set(d.Spec.Template.Labels))
}

// What selects something selects that and nothing else, and ports that are named exist.
func TestReferences(t *testing.T) {
	t.Parallel()
	c := readCluster(t)
	for name, d := range c.deployments {
		if !selects(t, d.Spec.Selector, d) {
			t.Errorf("the deployment %s does not select its own pods", name)
		}
		ports := map[string]int32{}
		for _, p := range d.Spec.Template.Spec.Containers[0].Ports {
			ports[p.Name] = p.ContainerPort
		}
		service, budget, closed := c.services[name], c.budgets[name], c.policies[name]
		if service == nil || budget == nil || closed == nil {
			t.Fatalf("%s has no service, budget or policy of its name", name)
		}
		for other, d := range c.deployments {
			want := other == name
			if selects(t, &meta.LabelSelector{MatchLabels: service.Spec.Selector}, d) != want || selects(t, budget.Spec.Selector, d) != want ||
				selects(t, &closed.Spec.PodSelector, d) != want {
				t.Errorf("what is named %s selects other pods", name)
			}
		}
		for _, p := range service.Spec.Ports {
			if ports[p.TargetPort.StrVal] == 0 {
				t.Errorf("the service %s leads to the port %v", name, p.TargetPort)
			}
		}
		for _, rule := range closed.Spec.Ingress {
			for _, p := range rule.Ports {
				if ports[p.Port.StrVal] == 0 {
					t.Errorf("the policy %s opens the port %v", name, p.Port)
				}
			}
			if len(rule.From) == 0 || len(rule.Ports) == 0 {
				t.Errorf("the policy %s lets anybody in", name)
			}
		}
		for _, s := range d.Spec.Template.Spec.TopologySpreadConstraints {
			if !selects(t, s.LabelSelector, d) {
				t.Errorf("%s spreads other pods", name)
			}
		}
		container := d.Spec.Template.Spec.Containers[0]
		for what, probe := range map[string]*core.Probe{"startup": container.StartupProbe, "readiness": container.ReadinessProbe, "liveness": container.LivenessProbe} {
			if probe == nil || probe.HTTPGet == nil || ports[probe.HTTPGet.Port.StrVal] == 0 {
				t.Fatalf("%s: the %s probe is %+v", name, what, probe)
			}
			// A hold, an open breaker or an absent Redis must restart nothing.
			if path := probe.HTTPGet.Path; path != "/healthz" && (path != "/readyz" || what != "readiness" || name == "worker") {
				t.Errorf("%s: the %s probe asks %s", name, what, path)
			}
		}
		listens := fmt.Sprintf("0.0.0.0:%d", ports["http"])
		if name == "worker" && c.configs["salur-worker"].Data["SALUR_HTTP_ADDR"] != listens || name == "intake" && !slices.Contains(container.Command, listens) {
			t.Errorf("%s does not listen on %s", name, listens)
		}
	}
	deny := c.policies["closed"].Spec
	if len(deny.PodSelector.MatchLabels)+len(deny.PodSelector.MatchExpressions)+len(deny.Ingress)+len(deny.Egress) != 0 || len(deny.PolicyTypes) != 2 {
		t.Errorf("not closed: %+v", deny)
	}
	for _, rule := range c.policies["intake"].Spec.Egress {
		for _, to := range rule.To {
			if to.IPBlock != nil {
				t.Error("the intake may talk to the outside")
			}
		}
	}
}

// A pod has no rights to lose.
func TestPodsHaveNoRights(t *testing.T) {
	t.Parallel()
	c := readCluster(t)
	image := stageUser(t)
	for name, d := range c.deployments {
		pod := d.Spec.Template.Spec
		sc := pod.SecurityContext
		if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken || sc == nil || sc.RunAsNonRoot == nil || !*sc.RunAsNonRoot ||
			sc.SeccompProfile == nil || sc.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault {
			t.Errorf("%s: %+v", name, sc)
		}
		if got := fmt.Sprintf("%d:%d", *sc.RunAsUser, *sc.RunAsGroup); got != image {
			t.Errorf("%s runs as %s, the image says %s", name, got, image)
		}
		for _, container := range pod.Containers {
			sc := container.SecurityContext
			if sc == nil || *sc.AllowPrivilegeEscalation || !*sc.ReadOnlyRootFilesystem || !slices.Equal(sc.Capabilities.Drop, []core.Capability{"ALL"}) || len(sc.Capabilities.Add) != 0 {
				t.Errorf("%s: %+v", name, sc)
			}
			if container.Image != "salur" {
				t.Errorf("%s: image %s, which kustomization.yaml does not name", name, container.Image)
			}
			memory := container.Resources.Limits.Memory()
			if memory.IsZero() || container.Resources.Requests.Cpu().IsZero() || container.Resources.Requests.Memory().IsZero() {
				t.Errorf("%s: %+v", name, container.Resources)
			}
			for _, e := range container.Env {
				var soft int64
				if e.Name != "GOMEMLIMIT" {
					continue
				}
				if _, err := fmt.Sscanf(e.Value, "%dMiB", &soft); err != nil || soft<<20 >= memory.Value() || soft<<20 < memory.Value()*8/10 {
					t.Errorf("%s: GOMEMLIMIT %s with a limit of %s", name, e.Value, memory)
				}
			}
		}
		if s := d.Spec.Strategy.RollingUpdate; s == nil || s.MaxUnavailable.IntValue() != 0 || s.MaxSurge.IntValue() != 1 {
			t.Errorf("%s: %+v", name, d.Spec.Strategy)
		}
	}
	if c.namespaces["salur"].Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		t.Error("the namespace does not hold them to it")
	}
}

// Each setting is one that the program knows, what is secret comes from a Secret, and what it comes from has it.
func TestSettings(t *testing.T) {
	t.Parallel()
	c := readCluster(t)
	hidden := []string{"REDIS_URL", "PRIVATE_KEY", "CLIENT_SECRET", "X_PARTNER_ID", "SALUR_UI_PASSWORD", "SALUR_API_KEYS", "SALUR_WEBHOOK_URL", "SALUR_WEBHOOK_SECRET", "DANA_PUBLIC_KEY"}
	for name, program := range map[string][]string{"worker": {"worker"}, "intake": {"enqueue", "serve"}} {
		known := settings(t, program...)
		pod := c.deployments[name].Spec.Template.Spec
		container := pod.Containers[0]
		given := map[string]bool{}
		for _, from := range container.EnvFrom {
			config := c.configs[from.ConfigMapRef.Name]
			if config == nil {
				t.Fatalf("%s: no ConfigMap %s", name, from.ConfigMapRef.Name)
			}
			for key := range config.Data {
				given[key] = true
				if slices.Contains(hidden, key) {
					t.Errorf("%s is in the ConfigMap %s", key, config.Name)
				}
			}
		}
		for _, e := range container.Env {
			given[e.Name] = true
			if slices.Contains(hidden, e.Name) && (e.ValueFrom == nil || e.ValueFrom.SecretKeyRef == nil) {
				t.Errorf("%s: %s is not from a Secret", name, e.Name)
			}
			if e.ValueFrom == nil {
				continue
			}
			if ref := e.ValueFrom.SecretKeyRef; ref != nil && (c.secrets[ref.Name] == nil || c.secrets[ref.Name].StringData[ref.Key] == "") {
				t.Errorf("%s: %s is not in the Secret %s", name, ref.Key, ref.Name)
			}
			if ref := e.ValueFrom.ConfigMapKeyRef; ref != nil && (c.configs[ref.Name] == nil || c.configs[ref.Name].Data[ref.Key] == "") {
				t.Errorf("%s: %s is not in the ConfigMap %s", name, ref.Key, ref.Name)
			}
		}
		delete(given, "GOMEMLIMIT")
		for key := range given {
			if !known[key] {
				t.Errorf("%s does not know %s; it knows %v", name, key, slices.Sorted(maps.Keys(known)))
			}
		}
		for _, v := range pod.Volumes {
			if v.Secret == nil || *v.Secret.DefaultMode&0o337 != 0 || c.secrets[v.Secret.SecretName].StringData[v.Secret.Items[0].Key] == "" {
				t.Errorf("%s: %+v", name, v)
			}
			mount := container.VolumeMounts[0]
			if path := mount.MountPath + "/" + v.Secret.Items[0].Path; mount.Name != v.Name || !slices.ContainsFunc(container.Env, func(e core.EnvVar) bool {
				return e.Name == "PRIVATE_KEY_PATH" && e.Value == path
			}) {
				t.Errorf("%s: the key is at %s", name, path)
			}
		}
	}
	for name, s := range c.secrets {
		for key, value := range s.StringData {
			if !strings.Contains(value, "PLACEHOLDER") {
				t.Errorf("%s %s is not a placeholder", name, key)
			}
		}
	}
}

// Worker and intake have a Secret and a user of Redis each, and no more in them than they use; the users are those whose rights are on
// the page on Redis.
func TestSecretsAreOfOneProgram(t *testing.T) {
	t.Parallel()
	c := readCluster(t)
	page := text(t, "docs/redis.md")
	for name, user := range map[string]string{"worker": "salur-worker", "intake": "salur-producer"} {
		pod := c.deployments[name].Spec.Template.Spec
		used := map[string]bool{}
		use := func(secret, key string) {
			t.Helper()
			if used[key] = true; secret != "salur-"+name {
				t.Errorf("%s takes %s from the Secret %s", name, key, secret)
			}
		}
		for _, e := range pod.Containers[0].Env {
			if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
				use(e.ValueFrom.SecretKeyRef.Name, e.ValueFrom.SecretKeyRef.Key)
			}
		}
		for _, from := range pod.Containers[0].EnvFrom {
			if from.SecretRef != nil {
				t.Errorf("%s takes all of the Secret %s", name, from.SecretRef.Name)
			}
		}
		for _, v := range pod.Volumes {
			if v.Secret != nil {
				use(v.Secret.SecretName, v.Secret.Items[0].Key)
			}
		}
		secret := c.secrets["salur-"+name]
		if secret == nil {
			t.Fatalf("%s has no Secret", name)
		}
		for key := range secret.StringData {
			if !used[key] {
				t.Errorf("%s has %s and does not use it", name, key)
			}
		}
		if url := secret.StringData["REDIS_URL"]; !strings.HasPrefix(url, "rediss://"+user+":") || !strings.Contains(page, "\nACL SETUSER "+user+" ") {
			t.Errorf("%s: %s is not the user %s of docs/redis.md", name, url, user)
		}
	}
}

// kubectl puts together what is meant, under one tag of the image, and without the example's Secrets.
func TestKustomize(t *testing.T) {
	t.Parallel()
	tool(t, "kubectl")
	out := run(t, "kubectl", "kustomize", manifests)
	c := newCluster()
	for _, doc := range documents(t, []byte(out)) {
		c.add(t, doc)
	}
	if len(c.secrets) != 0 || len(c.deployments) != 2 || len(c.policies) != 3 || len(c.services) != 2 {
		t.Errorf("%+v", c)
	}
	for name, d := range c.deployments {
		if got := d.Spec.Template.Spec.Containers[0].Image; got != "registry.example.com/salur:v0.1.0" {
			t.Errorf("%s: %s", name, got)
		}
	}
}
