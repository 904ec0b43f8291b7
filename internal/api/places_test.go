package api

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/salur-id/salur/internal/redistest"
)

// sending posts an array with a key and stops in its midst until the test ends it.
func (b *bundle) sending(key string) (end func() int) {
	b.t.Helper()
	body, rest := io.Pipe()
	r, err := http.NewRequestWithContext(b.t.Context(), "POST", b.url+"/v1/payouts", body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	status := make(chan int, 1)
	transport := &http.Transport{}
	go func() {
		defer transport.CloseIdleConnections()
		res, err := transport.RoundTrip(r)
		if err != nil {
			status <- 0
			return
		}
		_ = res.Body.Close()
		status <- res.StatusCode
	}()
	if _, err := io.WriteString(rest, "["+pay("SLOW-"+key)); err != nil {
		b.t.Fatal(err)
	}
	return func() int {
		_, _ = io.WriteString(rest, "]")
		_ = rest.Close()
		return <-status
	}
}

// A key that sends arrays slowly has half of their places. The other's arrays and anybody's payouts by themselves are accepted
// meanwhile; one more array of its own, or a long list, is told to come again, and is accepted when the others have been answered.
func TestSlowArraysAreInNobodysWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.api.large.wait = 50 * time.Millisecond
	var ends []func() int
	for range largePlaces / 2 {
		ends = append(ends, b.sending(payrollKey))
	}
	own := b.api.large.of["payroll"]
	redistest.Await(t, "the slow arrays to have their places", func() bool {
		free := own.TryAcquire(1)
		if free {
			own.Release(1)
		}
		return !free
	})
	for _, a := range []answer{b.post(array(pay("A-1"))), b.call("GET", "/v1/payouts?limit=101", "")} {
		if p := b.refused(a, busy); a.header.Get("Retry-After") != "1" || !strings.Contains(p.Detail, "nothing was done") {
			t.Errorf("%v %s", a.header, a.text)
		}
	}
	for _, a := range []answer{
		b.post(pay("A-2")), b.post(pay("A-3"), "Authorization", "Bearer "+refundsKey), b.post(array(pay("A-4")), "Authorization", "Bearer "+refundsKey),
	} {
		if a.status != http.StatusCreated {
			t.Errorf("%d %s", a.status, a.text)
		}
	}
	if a := b.call("GET", "/v1/payouts?limit=100", ""); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.text)
	}
	for i, end := range ends {
		if status := end(); status != http.StatusCreated && i == 0 || status >= 300 {
			t.Errorf("slow array %d: %d", i, status)
		}
	}
	if a := b.post(array(pay("A-1"))); a.status != http.StatusCreated {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// All requests together are bounded too, those that are not large included.
func TestAllRequestsAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.api.places.wait = 50 * time.Millisecond
	if !b.api.places.all.TryAcquire(allPlaces) {
		t.Fatal("places are taken")
	}
	b.refused(b.post(pay("A-1")), busy)
	b.refused(b.call("GET", "/v1/payouts/A-1", ""), busy)
	b.api.places.all.Release(allPlaces)
	if a := b.post(pay("A-1")); a.status != http.StatusCreated {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// A body that is compressed, or coded in any other way, is refused as what it is, and says what would be read.
func TestCodedBodies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, coding := range []string{"gzip", "br", "zstd", "deflate, gzip"} {
		a := b.post("\x1f\x8b\x08", "Content-Encoding", coding)
		if p := b.refused(a, unsupportedMediaType); !strings.Contains(p.Detail, "without Content-Encoding") || a.header.Get("Accept-Encoding") != "identity" {
			t.Errorf("%s: %v %s", coding, a.header, a.text)
		}
	}
	if a := b.post(pay("A-1"), "Content-Encoding", "identity"); a.status != http.StatusCreated {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// A body is read element by element, and what is wrong with its JSON is found wherever it is.
func TestArraysThatAreNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, tc := range map[string]struct {
		body string
		kind *kind
	}{
		"CommaAtTheEnd":   {"[" + pay("A-1") + ",]", invalidJSON},
		"CommaFirst":      {"[," + pay("A-1") + "]", invalidJSON},
		"NoComma":         {"[" + pay("A-1") + pay("A-2") + "]", invalidJSON},
		"Unclosed":        {"[" + pay("A-1"), invalidJSON},
		"OtherBracket":    {"[" + pay("A-1") + "}", invalidJSON},
		"SomethingBehind": {array(pay("A-1")) + "1", invalidJSON},
		"AnotherBehind":   {array(pay("A-1")) + array(pay("A-2")), invalidJSON},
		"Latin1":          {"[" + pay("A-1") + ",\"caf\xe9\"]", invalidJSON},
		"Spaces":          {"  ", invalidJSON},
		"LongElement":     {`[` + pay("A-1") + `,"` + strings.Repeat("x", 1<<20) + `"]`, invalidFields},
		"TooManyAndLong":  {"[" + strings.Repeat("1,", largest/2), tooLarge},
	} {
		t.Run(name, func(t *testing.T) { b.refused(b.post(tc.body), tc.kind) })
	}
	if n := b.onRecord(); n != 0 {
		t.Errorf("%d payouts were accepted", n)
	}
	if a := b.post(" [ \n" + pay("A-1") + " ,\t" + pay("A-2") + "\r\n] \n"); a.status != http.StatusCreated {
		t.Errorf("%d %s", a.status, a.text)
	}
}
