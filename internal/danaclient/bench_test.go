package danaclient

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"testing"
	"time"
)

// canned is an answer under HTTP 200.
func canned(body []byte) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}
}

// BenchmarkTopUp puts one top-up beside what cannot be saved of it: a bare RSA signature
// (asymmetric only) and a bare HTTP exchange of the same bytes with the same headers. Both
// are made in turns in one run, so that whatever else the machine does meets both; what
// counts is the ratio (x-time, x-allocs, x-bytes), of medians for the time.
func BenchmarkTopUp(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == tokenPath {
			fmt.Fprint(w, `{"responseCode":"2007300","accessToken":"token","expiresIn":"900000"}`)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		write(w, paidAnswer)
	}))
	b.Cleanup(server.Close)
	for _, network := range []string{"none", "loopback"} {
		for _, signature := range []Signature{Asymmetric, Symmetric} {
			name := map[Signature]string{Asymmetric: "asymmetric", Symmetric: "symmetric"}[signature]
			b.Run("network="+network+"/"+name, func(b *testing.B) {
				cfg := testConfig(server.URL)
				cfg.Signature, cfg.ClientSecret, cfg.Now = signature, vectorSecret, time.Now
				c := newClient(b, cfg)
				p := testPayout(b)
				if x := c.TopUp(b.Context(), "1", p); x.Outcome.Why != "" { // connects, and gets the token
					b.Fatal(x.Err)
				}
				if network == "none" {
					answer := []byte(paidAnswer)
					c.wire = roundTrip(func(*http.Request) (*http.Response, error) { return canned(answer), nil })
				}
				compare(b, bare(b, c, signature), func() {
					if x := c.TopUp(b.Context(), "100000000000000000000000000000000001", p); x.Outcome.Why != "" {
						b.Fatal(x.Err)
					}
				})
			})
		}
	}
}

// bare is one exchange with everything prepared, and the signature if it must be made.
func bare(b *testing.B, c *Client, signature Signature) func() {
	b.Helper()
	payload, err := encode(topUpBody(testPayout(b)))
	if err != nil {
		b.Fatal(err)
	}
	token := map[Signature]string{Symmetric: "token"}[signature]
	signed, err := c.request(b.Context(), topUp, "1", payload, token)
	if err != nil {
		b.Fatal(err)
	}
	url, sum := signed.URL.String(), sha256.Sum256(payload)
	return func() {
		if signature == Asymmetric {
			if _, err := rsa.SignPKCS1v15(nil, c.cfg.Key, crypto.SHA256, sum[:]); err != nil {
				b.Fatal(err)
			}
		}
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, bytes.NewReader(payload))
		if err != nil {
			b.Fatal(err)
		}
		req.Header = signed.Header
		resp, err := (&http.Client{Transport: c.wire}).Do(req)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadAll(resp.Body); err != nil {
			b.Fatal(err)
		}
		_ = resp.Body.Close()
	}
}

// compare reports what ours costs in terms of bare.
func compare(b *testing.B, bare, ours func()) {
	b.Helper()
	var bareTimes, ourTimes []time.Duration
	for b.Loop() {
		bareTimes = append(bareTimes, timed(bare))
		ourTimes = append(ourTimes, timed(ours))
	}
	slices.Sort(bareTimes)
	slices.Sort(ourTimes)
	mid := len(bareTimes) / 2
	b.ReportMetric(0, "ns/op") // of both together: tells nothing
	b.ReportMetric(float64(bareTimes[mid].Nanoseconds())/1000, "bare-µs")
	b.ReportMetric(float64(ourTimes[mid].Nanoseconds())/1000, "ours-µs")
	b.ReportMetric(float64(ourTimes[mid])/float64(bareTimes[mid]), "x-time")
	bareAllocs, bareBytes := allocated(bare)
	ourAllocs, ourBytes := allocated(ours)
	b.ReportMetric(ourAllocs/bareAllocs, "x-allocs")
	b.ReportMetric(ourBytes/bareBytes, "x-bytes")
}

func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// allocated is per call, over enough calls for the rest of the process not to show.
func allocated(f func()) (allocs, bytes float64) {
	const calls = 200
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		f()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / calls, float64(after.TotalAlloc-before.TotalAlloc) / calls
}
