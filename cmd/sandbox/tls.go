package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/salur-id/salur/internal/cli"
)

const (
	caName    = "ca.pem"
	caKeyName = "ca-key.pem"
	caFor     = 10 * 365 * 24 * time.Hour
)

// danaHosts are the names that DANA's SDKs have built in. A line in the hosts file leads them
// here, and a certificate of the local CA lets them in.
var danaHosts = []string{"api.sandbox.dana.id", "api.saas.dana.id", "localhost"}

// certificate is a new server certificate of the CA in dir, which is made there when
// missing. Its key is in memory only.
func certificate(dir string, now time.Time) (tls.Certificate, error) {
	ca, caKey, err := authority(dir, now)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, internalError{fmt.Errorf("making a certificate: %w", err)}
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "local sandbox, not DANA"},
		NotBefore: now.Add(-time.Hour), NotAfter: ca.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    danaHosts, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, internalError{fmt.Errorf("making a certificate: %w", err)}
	}
	return tls.Certificate{Certificate: [][]byte{der, ca.Raw}, PrivateKey: key}, nil
}

// authority is the CA of dir. Half of one is an error: making the other half would need
// overwriting somebody's key.
func authority(dir string, now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	certPEM, certErr := os.ReadFile(filepath.Join(dir, caName))
	keyPEM, keyErr := os.ReadFile(filepath.Join(dir, caKeyName))
	if errors.Is(certErr, fs.ErrNotExist) && errors.Is(keyErr, fs.ErrNotExist) {
		return makeAuthority(dir, now)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if err != nil || !ok || pair.Leaf == nil || now.After(pair.Leaf.NotAfter) {
		return nil, nil, fmt.Errorf("--keys %q: %s and %s are not a valid CA of this program; remove both for a new one", dir, caName, caKeyName)
	}
	return pair.Leaf, key, nil
}

func makeAuthority(dir string, now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, internalError{fmt.Errorf("making a CA: %w", err)}
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "CA of a local sandbox, not DANA"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(caFor), KeyUsage: x509.KeyUsageCertSign,
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		// Whoever trusts this CA trusts it for these names alone, should its key get away.
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: danaHosts,
		PermittedIPRanges: []*net.IPNet{{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}, {IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, internalError{fmt.Errorf("making a CA: %w", err)}
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, internalError{fmt.Errorf("encoding the CA's key: %w", err)}
	}
	if err := writePEM(dir, caKeyName, "PRIVATE KEY", keyDER); err != nil {
		return nil, nil, err
	}
	if err := writePEM(dir, caName, "CERTIFICATE", der); err != nil {
		return nil, nil, err
	}
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, internalError{fmt.Errorf("making a CA: %w", err)}
	}
	return ca, key, nil
}

func writePEM(dir, name, kind string, der []byte) error {
	if err := cli.CreatePrivate(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})); err != nil {
		return fmt.Errorf("--keys: cannot write %s: %w", name, err)
	}
	return nil
}
