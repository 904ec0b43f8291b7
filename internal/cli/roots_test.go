package cli

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"testing"
)

// In an image without certificates the programs believe what Mozilla believes, so that DANA can be called; and where the
// system names its own roots, nothing but those.
func TestRootsWithoutASystem(t *testing.T) {
	if os.Getenv("ROOTS_TEST") != "" {
		text, err := os.ReadFile("testdata/ISRG_Root_X1.pem") // valid until 2035
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		_, err = root.Verify(x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		if believed := err == nil; believed != (os.Getenv("ROOTS_TEST") == "believed") {
			t.Errorf("%v", err)
		}
		return
	}
	t.Parallel()
	for _, tc := range []struct{ file, want string }{
		{"/nonexistent/file", "believed"},
		{"testdata/other_root.pem", "not believed"},
	} {
		again := exec.Command(os.Args[0], "-test.run", "^TestRootsWithoutASystem$")
		again.Env = append(os.Environ(), "ROOTS_TEST="+tc.want, "SSL_CERT_FILE="+tc.file, "SSL_CERT_DIR=/nonexistent")
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", tc.file, err, out)
		}
	}
}
