package redistest

import (
	"path/filepath"
	"testing"
)

// StartMutualTLS is StartTLS for a server that asks every client for a certificate. certFile and keyFile are
// those of one that it takes.
func StartMutualTLS(t testing.TB, options ...string) (s *Server, caFile, certFile, keyFile string) {
	t.Helper()
	dir := t.TempDir()
	caFile = filepath.Join(dir, "ca.pem")
	ca, caKey := certify(t, caFile, "", nil, nil)
	own, ownKey := filepath.Join(dir, "redis.pem"), filepath.Join(dir, "redis.key")
	certify(t, own, ownKey, ca, caKey)
	certFile, keyFile = filepath.Join(dir, "client.pem"), filepath.Join(dir, "client.key")
	certify(t, certFile, keyFile, ca, caKey)
	return startTLS(t, own, ownKey, caFile, "yes", options), caFile, certFile, keyFile
}
