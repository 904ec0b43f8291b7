package main

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A key pair is two files: the private key in PKCS#8, the public one as SPKI.
var (
	merchantKeys = pairNames{"private.pem", "public.pem"}
	// danaKeys sign notifies and balances, in the place of DANA's own.
	danaKeys = pairNames{"dana-private.pem", "dana-public.pem"}
)

type pairNames struct{ private, public string }

// clientSecret reads the secret from the file, or from SANDBOX_CLIENT_SECRET; empty when there is neither.
func clientSecret(path string) (string, error) {
	if path == "" {
		return os.Getenv("SANDBOX_CLIENT_SECRET"), nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("--client-secret-path: cannot read the file: %w", err)
	}
	secret := strings.TrimSpace(string(b))
	if secret == "" {
		return "", fmt.Errorf("--client-secret-path %q: the file is empty; put the secret in it", path)
	}
	return secret, nil
}

// readPublicKey reads a PEM public key, SPKI or PKCS#1.
func readPublicKey(path string) (*rsa.PublicKey, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the public key: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("public key %q: not PEM; use a file that begins with -----BEGIN PUBLIC KEY-----", path)
	}
	if key, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	key, ok := parsed.(*rsa.PublicKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("public key %q: not an RSA public key; make one with openssl rsa -pubout", path)
	}
	return key, nil
}

// keyPair returns the public key of the pair in dir and makes the pair when neither file is there. Half
// a pair is an error: making the other half would need overwriting somebody's key.
func keyPair(dir string, names pairNames) (*rsa.PublicKey, error) {
	private, public := filepath.Join(dir, names.private), filepath.Join(dir, names.public)
	_, privateErr := os.Stat(private)
	_, publicErr := os.Stat(public)
	missing := func(err error) bool { return errors.Is(err, fs.ErrNotExist) }
	switch {
	case missing(privateErr) && missing(publicErr):
		return makeKeyPair(dir, names)
	case missing(privateErr):
		return nil, fmt.Errorf("--keys %q: %s is there but %s is not; add it, or remove both for a new pair", dir, names.public, names.private)
	case missing(publicErr):
		return nil, fmt.Errorf("--keys %q: %s is there but %s is not; make it with openssl rsa -pubout, or remove both for a new pair", dir, names.private, names.public)
	}
	if err := cmp.Or(privateErr, publicErr); err != nil {
		return nil, fmt.Errorf("--keys: cannot look into the directory: %w; use one of your own", err)
	}
	return readPublicKey(public)
}

func makeKeyPair(dir string, names pairNames) (*rsa.PublicKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, internalError{fmt.Errorf("making a key pair: %w", err)}
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, internalError{fmt.Errorf("encoding the private key: %w", err)}
	}
	publicDER, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, internalError{fmt.Errorf("encoding the public key: %w", err)}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("--keys: cannot make the directory: %w", err)
	}
	if err := writePEM(dir, names.private, "PRIVATE KEY", privateDER); err != nil {
		return nil, err
	}
	if err := writePEM(dir, names.public, "PUBLIC KEY", publicDER); err != nil {
		return nil, err
	}
	return &key.PublicKey, nil
}

// danaKey is the private key of the sandbox's own pair in dir, made there when missing.
func danaKey(dir string) (*rsa.PrivateKey, error) {
	if _, err := keyPair(dir, danaKeys); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(dir, danaKeys.private))
	if err != nil {
		return nil, fmt.Errorf("--keys: cannot read the key that plays DANA's: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("--keys %q: %s is not PEM; remove both halves of the pair for a new one", dir, danaKeys.private)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("--keys %q: %s is not an RSA key; remove both halves of the pair for a new one", dir, danaKeys.private)
	}
	return key, nil
}
