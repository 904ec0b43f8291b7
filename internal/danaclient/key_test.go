package danaclient

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
)

// wrap is text in lines of 64 characters, joined by between.
func wrap(text, between string) string {
	var lines []string
	for len(text) > 64 {
		lines, text = append(lines, text[:64]), text[64:]
	}
	return strings.Join(append(lines, text), between)
}

func pkcs8(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// utf16Text is plain ASCII in UTF-16, with the letters at the even or the odd bytes.
func utf16Text(text string, odd int) string {
	b := make([]byte, 2*len(text))
	for i := range len(text) {
		b[2*i+odd] = text[i]
	}
	return string(b)
}

func TestParsePrivateKeyForms(t *testing.T) {
	t.Parallel()
	p8, p1 := pkcs8(t, testKey()), x509.MarshalPKCS1PrivateKey(testKey())
	raw8, raw1 := base64.StdEncoding.EncodeToString(p8), base64.StdEncoding.EncodeToString(p1)
	pem8, pem1 := pemText("PRIVATE KEY", p8), pemText("RSA PRIVATE KEY", p1)

	for name, text := range map[string]string{
		"PEM PKCS#8":                       pem8,
		"PEM PKCS#1":                       pem1,
		"PEM PKCS#8 with literal \\n":      strings.ReplaceAll(pem8, "\n", `\n`),
		"PEM PKCS#1 with literal \\n":      strings.ReplaceAll(pem1, "\n", `\n`),
		"PEM with literal \\r\\n":          strings.ReplaceAll(pem8, "\n", `\r\n`),
		"PEM with CRLF":                    strings.ReplaceAll(pem8, "\n", "\r\n"),
		"PEM with CR":                      strings.ReplaceAll(pem1, "\n", "\r"),
		"PEM on one line":                  strings.ReplaceAll(pem8, "\n", ""),
		"PEM with spaces for newlines":     strings.ReplaceAll(pem1, "\n", " "),
		"PEM indented with tabs":           strings.ReplaceAll(pem8, "\n", "\n\t"),
		"PEM after other text":             "Bag Attributes: none\n" + pem8,
		"PEM with byte order mark":         "\ufeff" + pem8,
		"raw PKCS#8":                       raw8,
		"raw PKCS#1":                       raw1,
		"raw PKCS#8 with newlines":         wrap(raw8, "\n"),
		"raw PKCS#8 with spaces":           wrap(raw8, " "),
		"raw PKCS#1 with spaces":           wrap(raw1, "  "),
		"raw without padding":              strings.TrimRight(raw8, "="),
		"PKCS#1 bytes under PKCS#8 header": pemText("PRIVATE KEY", p1),
		"PKCS#8 bytes under PKCS#1 header": pemText("RSA PRIVATE KEY", p8),
		"in double quotes":                 `"` + pem8 + `"`,
		"in single quotes, literal \\n":    `'` + strings.ReplaceAll(pem8, "\n", `\n`) + `'`,
		"raw in quotes":                    `"` + raw1 + `"`,
		"PEM with \\\\n, escaped twice":    strings.ReplaceAll(pem8, "\n", `\\n`),
		"PEM escaped three times":          strings.ReplaceAll(pem1, "\n", `\\\n`),
		"base64 of the PEM":                base64.StdEncoding.EncodeToString([]byte(pem8)),
		"base64 of the PEM, wrapped":       wrap(base64.StdEncoding.EncodeToString([]byte(pem1)), "\n"),
		"base64 of the PEM with CRLF":      base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(pem8, "\n", "\r\n"))),
		"UTF-16, little-endian":            "\xff\xfe" + utf16Text(pem8, 0),
		"UTF-16, big-endian":               "\xfe\xff" + utf16Text(pem1, 1),
		"UTF-16 without a mark":            utf16Text(raw8, 0),
		"with white space around":          "\n  " + pem8 + "  \n\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := ParsePrivateKey(text)
			if err != nil {
				t.Fatal(err)
			}
			if !key.Equal(testKey()) {
				t.Error("it is another key")
			}
		})
	}
}

func TestParsePrivateKeyRefuses(t *testing.T) {
	t.Parallel()
	der := pkcs8(t, testKey())
	raw, whole := base64.StdEncoding.EncodeToString(der), pemText("PRIVATE KEY", der)
	begin, end, _ := strings.Cut(whole, raw[:64])
	end = raw[:64] + end
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 2040)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&testKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	damaged := append([]byte(nil), der...)
	damaged[40]++

	for name, test := range map[string]struct {
		text string
		want error
	}{
		"empty":                  {"", ErrKeyMissing},
		"only quotes and spaces": {" \"\"\n", ErrKeyMissing},
		"only the BEGIN marker":  {begin + raw, ErrKeyMarkers},
		"only the END marker":    {end, ErrKeyMarkers},
		"markers of two kinds":   {strings.Replace(whole, "END PRIVATE", "END RSA PRIVATE", 1), ErrKeyMarkers},
		"marker cut short":       {strings.TrimPrefix(whole, "-----"), ErrKeyMarkers},
		"public key":             {pemText("PUBLIC KEY", public), ErrKeyMarkers},
		"public key, raw":        {base64.StdEncoding.EncodeToString(public), ErrKeyFormat},
		"encrypted key":          {pemText("ENCRYPTED PRIVATE KEY", der), ErrKeyMarkers},
		"encrypted the old way":  {strings.Replace(pemText("RSA PRIVATE KEY", der), "\n", "\nProc-Type: 4,ENCRYPTED\n\n", 1), ErrKeyFormat},
		"nothing between":        {"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", ErrKeyFormat},
		"half of it":             {raw[:800], ErrKeyFormat},
		"damaged":                {base64.StdEncoding.EncodeToString(damaged), ErrKeyFormat},
		"a path":                 {"/etc/salur/" + raw[:40], ErrKeyFormat},
		"not base64":             {strings.Replace(raw, "A", "*", 1), ErrKeyFormat},
		"EC key":                 {pemText("PRIVATE KEY", pkcs8(t, ec)), ErrKeyType},
		"2040 bits":              {pemText("PRIVATE KEY", pkcs8(t, small)), ErrKeySize},
		"2040 bits, PKCS#1 raw":  {base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(small)), ErrKeySize},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := ParsePrivateKey(test.text)
			if !errors.Is(err, test.want) {
				t.Fatalf("error %v, want %v", err, test.want)
			}
			if key != nil {
				t.Error("a refused key came back")
			}
			for i := 0; i+8 <= len(test.text); i++ {
				part := test.text[i : i+8]
				if !strings.Contains(whole[:28], part) && strings.Contains(err.Error(), part) && !strings.ContainsAny(part, " -") {
					t.Fatalf("the error %q shows the key's %q", err, part)
				}
			}
		})
	}
}

func FuzzParsePrivateKey(f *testing.F) {
	der := pkcs8(f, testKey())
	f.Add(pemText("PRIVATE KEY", der))
	f.Add(base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(testKey())))
	f.Add("-----BEGIN RSA PRIVATE KEY----------END RSA PRIVATE KEY-----")
	f.Add(`"\n--`)
	f.Fuzz(func(t *testing.T, text string) {
		key, err := ParsePrivateKey(text)
		if (key == nil) != (err != nil) {
			t.Fatalf("key %t, error %v", key != nil, err)
		}
		if err == nil && key.N.BitLen() < minKeyBits {
			t.Fatal("a short key was accepted")
		}
		public, err := ParsePublicKey(text)
		if (public == nil) != (err != nil) || err == nil && public.N.BitLen() < minKeyBits {
			t.Fatalf("public key %t, error %v", public != nil, err)
		}
	})
}
