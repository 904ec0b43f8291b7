package web

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/web/transactions"
)

var proofOfHold = regexp.MustCompile(`name="act" value="hold">\s*<input type="hidden" name="proof" value="([^"]*)"`)

// A browser sends its login along with whatever form any site has it send. Only the page's own is heeded.
func TestForeignForms(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	rdb := server.Client()
	site := serveOn(t, server, Config{User: "sari", Password: "rahasia"})
	other := serveOn(t, server, Config{User: "sari", Password: "lain"}) // whose forms are signed otherwise
	proof := func(site, password string) string {
		_, body := ask(t, "GET", site+transactions.Path+"holds", func(r *http.Request) { r.SetBasicAuth("sari", password) })
		found := proofOfHold.FindStringSubmatch(body)
		if found == nil {
			t.Fatalf("no form: %s", body)
		}
		return found[1]
	}
	own, foreign := proof(site, "rahasia"), proof(other, "lain")
	post := func(proof string, change func(*http.Request)) int {
		t.Helper()
		form := url.Values{"act": {"hold"}, "proof": {proof}, "reason": {"mischief"}, "by": {"Mallory"}}
		r, err := http.NewRequest("POST", site+transactions.Path+"holds", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth("sari", "rahasia")
		change(r)
		jar, _ := cookiejar.New(nil)
		res, err := (&http.Client{Jar: jar}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	plain := func(*http.Request) {}
	for name, got := range map[string]int{
		"CrossSite":        post(own, header("Sec-Fetch-Site", "cross-site")),
		"SameSite":         post(own, header("Sec-Fetch-Site", "same-site")),
		"OtherOrigin":      post(own, header("Origin", "https://attacker.example")),
		"NullOrigin":       post(own, header("Origin", "null")),
		"OldBrowser":       post("", plain), // which tells nothing of where the form comes from
		"ForeignProof":     post(foreign, plain),
		"ProofOfOtherAct":  post(strings.Replace(own, ".", ".0", 1), plain),
		"CrossSiteNoProof": post("", header("Sec-Fetch-Site", "cross-site")),
	} {
		if got != http.StatusForbidden {
			t.Errorf("%s: %d, want 403", name, got)
		}
	}
	if got := post(own, func(r *http.Request) { r.Header.Del("Authorization") }); got != http.StatusUnauthorized {
		t.Errorf("without a login: %d", got)
	}
	if log, err := gate.Log(t.Context(), rdb, 10); err != nil || len(log) != 0 {
		t.Fatalf("something was held: %v, %v", log, err)
	}
	for _, change := range []func(*http.Request){header("Sec-Fetch-Site", "same-origin"), header("Origin", site), plain} {
		if got := post(own, change); got != http.StatusOK { // after the redirect
			t.Errorf("the page's own form: %d", got)
		}
	}
	if holds, err := gate.ReadHolds(t.Context(), rdb); err != nil || len(holds) != 1 || holds[0].Person != "Mallory" {
		t.Errorf("%v, %v", holds, err)
	}
}
