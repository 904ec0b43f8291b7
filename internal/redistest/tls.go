package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// StartTLS is Start for a server that speaks TLS alone, with a certificate for 127.0.0.1 by an authority of
// its own. caFile is the authority's.
func StartTLS(t testing.TB, options ...string) (s *Server, caFile string) {
	t.Helper()
	dir := t.TempDir()
	caFile = filepath.Join(dir, "ca.pem")
	ca, caKey := certify(t, caFile, "", nil, nil)
	cert, key := filepath.Join(dir, "redis.pem"), filepath.Join(dir, "redis.key")
	certify(t, cert, key, ca, caKey)
	return startTLS(t, cert, key, caFile, "no", options), caFile
}

// startTLS says with askClients whether clients need a certificate.
func startTLS(t testing.TB, cert, key, caFile, askClients string, options []string) *Server {
	t.Helper()
	return start(t, "Ready to accept connections", func(dir, port string) []string {
		return append([]string{
			"--port", "0", "--tls-port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "",
			"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", caFile, "--tls-auth-clients", askClients,
		}, options...)
	})
}

// NewCA writes the certificate of an authority that has signed nothing, and returns its file.
func NewCA(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "other-ca.pem")
	certify(t, file, "", nil, nil)
	return file
}

// certify writes a certificate by an authority, or an authority's own, and its key if it is given a file.
func certify(t testing.TB, certFile, keyFile string, by *x509.Certificate, byKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "salur test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true,
	}
	if by == nil {
		cert.Subject.CommonName = "salur test authority"
		cert.IsCA, cert.KeyUsage = true, x509.KeyUsageCertSign
		by, byKey = cert, key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, by, &key.PublicKey, byKey)
	must(err)
	must(os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	if keyFile != "" {
		text, err := x509.MarshalECPrivateKey(key)
		must(err)
		must(os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: text}), 0o600))
	}
	made, err := x509.ParseCertificate(der)
	must(err)
	return made, key
}
