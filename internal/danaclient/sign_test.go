package danaclient

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write testdata/signatures.json anew")

const vectorsFile = "testdata/signatures.json"

type vector struct {
	Path      string `json:"path"`
	Timestamp string `json:"timestamp"`
	Body      string `json:"body"`
	BodyHash  string `json:"bodyHash"`
	Signature string `json:"signature"`
}

// The signatures of the golden file stay what they are, and each verifies with the public
// key over the string that DANA documents.
func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	if *update {
		writeVectors(t)
	}
	text, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) != 4 {
		t.Fatalf("%d vectors, want 4", len(vectors))
	}
	for _, v := range vectors {
		t.Run(v.Path, func(t *testing.T) {
			t.Parallel()
			got, err := sign(testKey(), "POST", v.Path, v.Timestamp, []byte(v.Body))
			if err != nil || got != v.Signature {
				t.Errorf("signature %s, %v; want %s", got, err, v.Signature)
			}
			if got := bodyHash([]byte(v.Body)); got != v.BodyHash {
				t.Errorf("body hash %s, want %s", got, v.BodyHash)
			}
			raw, err := base64.StdEncoding.DecodeString(v.Signature)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256([]byte("POST:" + v.Path + ":" + v.BodyHash + ":" + v.Timestamp))
			if err := rsa.VerifyPKCS1v15(&testKey().PublicKey, crypto.SHA256, sum[:], raw); err != nil {
				t.Error(err)
			}
		})
	}
}

func writeVectors(t *testing.T) {
	t.Helper()
	p := testPayout(t)
	full := p
	full.Notes, full.ChargeTarget, full.Division = `gaji <Mei> & "bonus" é/ü`, "DIVISION", "JKT-1"
	var vectors []vector
	for _, of := range []struct {
		path string
		body any
	}{
		{"/rest/v1.0/emoney/topup", topUpBody(p)},
		{"/proxy/rest/v1.0/emoney/topup", topUpBody(full)},
		{"/rest/v1.0/emoney/topup-status", statusRequest{Ref: p.Ref, ServiceCode: "38"}},
		{"/rest/v1.0/emoney/account-inquiry", accountInquiryBody(p)},
	} {
		body, err := encode(of.body)
		if err != nil {
			t.Fatal(err)
		}
		v := vector{Path: of.path, Timestamp: "2026-11-21T12:30:00+07:00", Body: string(body), BodyHash: bodyHash(body)}
		if v.Signature, err = sign(testKey(), "POST", v.Path, v.Timestamp, body); err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, v)
	}
	text, err := json.MarshalIndent(vectors, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectorsFile, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// DANA's sample body of the balance inquiry, and its hash.
func TestBodyHashOfDANAsSample(t *testing.T) {
	t.Parallel()
	body := `{"partnerReferenceNo":"2020102900000000000001","balanceTypes":["BALANCE"],"additionalInfo":{"accessToken":"fa8sjjEj813Y9JGoqwOeOPWbnt4CUpvIJbU1mMU4a11MNDZ7Sg5u9a"}}`
	const want = "e9295c3253c05560273ff305d9eea6abf77fff65229bf90b1781383c09c29d98"
	if got := bodyHash([]byte(body)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNewExternalID(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for range 1000 {
		id := NewExternalID(time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC))
		if len(id) != 36 || strings.Trim(id, "0123456789") != "" || !strings.HasPrefix(id, "20261122030000") {
			t.Fatalf("%q is not 36 digits beginning with the Jakarta time", id)
		}
		if seen[id] {
			t.Fatalf("%q came twice", id)
		}
		seen[id] = true
	}
}

// BenchmarkRequest is all that is done for one call before the network; BenchmarkRSA is the
// part of it that cannot be saved.
func BenchmarkRequest(b *testing.B) {
	c := newClient(b, testConfig("https://api.sandbox.dana.id"))
	body := topUpBody(testPayout(b))
	b.ReportAllocs()
	for b.Loop() {
		payload, err := encode(body)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.request(b.Context(), topUp, NewExternalID(noon()), payload, ""); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRSA(b *testing.B) {
	sum := sha256.Sum256(nil)
	key := testKey()
	for b.Loop() {
		if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:]); err != nil {
			b.Fatal(err)
		}
	}
}
