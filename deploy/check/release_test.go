package check

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"debug/elf"
	"encoding/pem"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// copyOfProject copies the source without git, as a tarball has it, into a new directory under dir.
func copyOfProject(dir string) (string, error) {
	to, err := os.MkdirTemp(dir, "source")
	if err != nil {
		return "", err
	}
	skip := map[string]bool{".git": true, "dist": true, "bin": true, "deploy/check": true}
	return to, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case skip[name] && d.IsDir():
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case !d.Type().IsRegular():
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), b, 0o644)
	})
}

func release(dir string, env []string, names string) ([]byte, error) {
	c := exec.Command("make", "-C", dir, "release", "PLATFORMS=linux/amd64", "PROGRAMS="+names, "VERSION=v1.2.3", "COMMIT=0123456789ab")
	c.Env = append(os.Environ(), env...)
	return c.CombinedOutput()
}

// Two builds are the same to the byte: from another directory, and whatever the environment says. A comment at the end of each file of ours
// has it compiled again, not taken from the cache; the rest may come from there, or this would take many minutes.
func TestReproducible(t *testing.T) {
	t.Parallel()
	const name = "worker"
	again, err := copyOfProject(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(again, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, append(b, "// again: "+again+"\n"...), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := release(again, []string{"GOAMD64=v3", "GOFLAGS=-buildvcs=true -tags=other", "TZ=Asia/Jakarta"}, name)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	one, err := os.ReadFile(filepath.Join(programs(t), name))
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(filepath.Join(again, "dist/linux/amd64", name))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, other) {
		t.Errorf("%d and %d bytes, and they differ", len(one), len(other))
	}
	for _, dir := range []string{again, filepath.Dir(scratch)} {
		if bytes.Contains(one, []byte(dir+"/")) {
			t.Errorf("%s is in the program", dir)
		}
	}
}

// The programs need nothing of the system: no loader, no libraries.
func TestStatic(t *testing.T) {
	t.Parallel()
	dir := programs(t)
	for _, name := range []string{"worker", "enqueue", "ledger", "sandbox"} {
		f, err := elf.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
				t.Errorf("%s has %v", name, p.Type)
			}
		}
		if f.Section(".symtab") != nil || f.Section(".debug_info") != nil {
			t.Errorf("%s is not stripped", name)
		}
		_ = f.Close()
		if got := run(t, filepath.Join(dir, name), "--version"); !regexp.MustCompile(`^` + name + ` version v1\.2\.3, commit 0123456789ab, go1\.\S+\n$`).MatchString(got) {
			t.Errorf("%q", got)
		}
	}
	sums := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	sums.Dir = filepath.Join(dir, "../..")
	if out, err := sums.CombinedOutput(); err != nil || bytes.Count(out, []byte(": OK")) != 4 {
		t.Errorf("%v\n%s", err, out)
	}
}

// The Dockerfile copies what make release has made, onto nothing, and runs as nobody.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	parsed, err := parser.Parse(strings.NewReader(text(t, "Dockerfile")))
	if err != nil || len(parsed.Warnings) != 0 {
		t.Fatalf("%v %v", err, parsed)
	}
	stages, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(stages) != 1 || stages[0].BaseName != "scratch" {
		t.Fatalf("%+v", stages)
	}
	dist := filepath.Join(programs(t), "../../..")
	said := map[string]bool{}
	for _, c := range stages[0].Commands {
		said[c.Name()] = true
		switch c := c.(type) {
		case *instructions.CopyCommand:
			for _, source := range c.SourcePaths {
				source = strings.ReplaceAll(source, "${TARGETARCH}", "amd64")
				if info, err := os.Stat(filepath.Join(dist, source)); err != nil || !info.IsDir() {
					t.Errorf("COPY %s: %v", source, err)
				}
			}
			if c.From != "" || c.DestPath != "/bin/" {
				t.Errorf("%+v", c)
			}
		case *instructions.UserCommand:
			if c.User != stageUser(t) {
				t.Errorf("USER %s", c.User)
			}
		case *instructions.EntrypointCommand:
			if c.PrependShell || len(c.CmdLine) != 1 || c.CmdLine[0] != "/bin/worker" {
				t.Errorf("ENTRYPOINT %+v", c)
			}
		case *instructions.ArgCommand:
		default:
			t.Errorf("%s: the image only copies", c.Name())
		}
	}
	for _, want := range []string{"COPY", "USER", "ENTRYPOINT"} {
		if !said[strings.ToLower(want)] && !said[want] {
			t.Errorf("no %s in %v", want, said)
		}
	}
	if got := text(t, ".dockerignore"); got != "*\n!dist\n" {
		t.Errorf(".dockerignore: %q", got)
	}
}

// What the image holds works with nothing around it: in a root that has the programs alone and is read-only, by a user without
// rights or a name, down to a TLS exchange.
func TestInAnEmptyRoot(t *testing.T) {
	t.Parallel()
	tool(t, "unshare")
	image := t.TempDir()
	if err := os.Chmod(image, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(image, "bin"), os.DirFS(programs(t))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bin/worker", "bin/enqueue", "bin/ledger", "bin/sandbox"} {
		if err := os.Chmod(filepath.Join(image, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	asked := atomic.Int64{}
	dana := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(dana.Close)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"key.pem": {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)},
		"ca.pem":  {Type: "CERTIFICATE", Bytes: dana.Certificate().Raw},
	} {
		if err := os.WriteFile(filepath.Join(image, name), pem.EncodeToMemory(block), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	args, user := []string{"--mount"}, "--userspec=65532:65532 "
	if os.Geteuid() != 0 {
		args, user = []string{"--mount", "--map-root-user"}, "" // root in there is nobody's out here
	}
	if out, err := exec.Command("unshare", append(args, "true")...).CombinedOutput(); err != nil {
		t.Skipf("needs mount namespaces: %v %s", err, out)
	}
	within := func(env []string, command string) (string, error) {
		c := exec.Command("unshare", append(args, "sh", "-c",
			`mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec chroot `+user+`"$0" `+command, image)...)
		c.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
		out, err := c.CombinedOutput()
		return string(out), err
	}
	for _, name := range []string{"worker", "enqueue", "ledger", "sandbox"} {
		if out, err := within(nil, "/bin/"+name+" --version"); err != nil || !strings.HasPrefix(out, name+" version v1.2.3, ") {
			t.Errorf("%v %s", err, out)
		}
	}
	if out, err := within([]string{"SALUR_AUDIT_FILE=/audit.jsonl", "X_PARTNER_ID=p", "ORIGIN=o", "PRIVATE_KEY_PATH=/key.pem"}, "/bin/worker"); err == nil ||
		!strings.Contains(out, `SALUR_AUDIT_FILE "/audit.jsonl": cannot be written: `) {
		t.Errorf("the root can be written to: %v %s", err, out)
	}
	ask := []string{"DANA_BASE_URL=" + dana.URL, "X_PARTNER_ID=p", "ORIGIN=o", "PRIVATE_KEY_PATH=/key.pem"}
	const account = "/bin/enqueue account --customer 62811742234 --amount 10000"
	var exit *exec.ExitError
	if out, err := within(ask, account); !errors.As(err, &exit) || exit.ExitCode() != 4 || asked.Load() != 0 {
		t.Errorf("an unknown authority was believed, or the question not asked: %v %s", err, out)
	}
	if out, _ := within(append(ask, "SSL_CERT_FILE=/ca.pem"), account); asked.Load() == 0 {
		t.Errorf("an authority that was named was not believed: %s", out)
	}
}

// stageUser is the numeric user and group that the image runs as.
func stageUser(t *testing.T) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^USER ([1-9]\d*:[1-9]\d*)$`).FindStringSubmatch(text(t, "Dockerfile"))
	if m == nil {
		t.Fatal("the Dockerfile names no user by number: the kubelet can only tell of a number that it is not root")
	}
	return m[1]
}
