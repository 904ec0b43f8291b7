package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Whoever may put a file or a link in the place of one of ours gets nothing written into it.
func TestAppendPrivate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // made, then appended to
		f, err := AppendPrivate(at("audit"))
		must(err)
		_, err = f.WriteString("line\n")
		must(errors.Join(err, f.Close()))
	}
	text, err := os.ReadFile(at("audit"))
	must(err)
	info, err := os.Stat(at("audit"))
	must(err)
	if string(text) != "line\nline\n" || info.Mode() != 0o600 {
		t.Errorf("%q, mode %v", text, info.Mode())
	}

	must(os.WriteFile(at("victim"), []byte("victim"), 0o600))
	must(os.Symlink(at("victim"), at("link")))
	must(os.Symlink(at("made"), at("dangling")))
	must(syscall.Mkfifo(at("pipe"), 0o600))
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o602, 0o666, 0o644} {
		name := "mode" + mode.String()
		must(os.WriteFile(at(name), nil, 0o600))
		must(os.Chmod(at(name), mode))
		if _, err := AppendPrivate(at(name)); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("%v is taken: %v", mode, err)
		}
	}
	for name, want := range map[string]string{
		"link": "symbolic link", "dangling": "symbolic link", "pipe": "", ".": "", "none/audit": "no such file or directory",
	} {
		if f, err := AppendPrivate(at(name)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	if _, err := os.Lstat(at("made")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a link was followed: %v", err)
	}
	if os.Geteuid() == 0 { // nobody else may give a file away
		must(os.Chown(at("victim"), 65534, -1))
		if _, err := AppendPrivate(at("victim")); !errors.Is(err, errForeign) {
			t.Errorf("another user's file: %v", err)
		}
	}
}

func TestCreatePrivate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name, link := filepath.Join(dir, "key"), filepath.Join(dir, "link")
	if err := errors.Join(CreatePrivate(name, []byte("key")), os.Symlink(filepath.Join(dir, "made"), link)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	for _, there := range []string{name, link} {
		if err := CreatePrivate(there, []byte("other")); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v", there, err)
		}
	}
	text, err := os.ReadFile(name)
	if err != nil || string(text) != "key" {
		t.Errorf("%q %v", text, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%v %v", entries, err)
	}
}
