package sandbox

import (
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/salur-id/salur/internal/jakarta"
)

// reusedID is SNAP's "Conflict". DANA's pages want X-EXTERNAL-ID to be unique on its day and list no answer for one that is not.
const reusedID = "40900"

// longestHeaders are DANA's bounds, in characters.
var longestHeaders = []struct {
	name string
	most int
}{
	{"Content-Type", 127}, {"Authorization", 2048}, {"Authorization-Customer", 512}, {"X-PARTNER-ID", 36},
	{"X-IP-ADDRESS", 15}, {"X-DEVICE-ID", 400}, {"CHANNEL-ID", 5},
}

// strictly looks at what DANA's pages ask of headers and its sandbox lets pass. cause is empty when all is well.
func strictly(r *http.Request) (cause, suffix string) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return fieldFormat, " Content-Type"
	}
	if r.Header.Get("Authorization-Customer") != "" && r.Header.Get("X-DEVICE-ID") == "" {
		return missingField, " X-DEVICE-ID"
	}
	for _, h := range longestHeaders {
		if len(r.Header.Get(h.name)) > h.most {
			return fieldFormat, " " + h.name
		}
	}
	return "", ""
}

// reused notes an X-EXTERNAL-ID, and reports whether it was there before on this day in Jakarta.
func (s *Sandbox) reused(id string) bool {
	b, now := s.open()
	defer s.mu.Unlock()
	if day := now.In(jakarta.Zone).Format(time.DateOnly); b.day != day {
		b.day, b.externalIDs = day, map[string]bool{}
	}
	was := b.externalIDs[id]
	b.externalIDs[id] = true
	return was
}

// fundType reads additionalInfo.fundType. Each API has one value; DANA's sandbox takes any.
func (b *body) fundType(only string) {
	v := b.must("additionalInfo.fundType", 64)
	b.check(!b.strict || v == "" || v == only, "additionalInfo.fundType")
}

// accountType reads an account type of DANA's list; its sandbox takes any.
func (b *body) accountType(path string, longest int) {
	if b.strict {
		v := b.oneOf(path, accountTypes...)
		b.check(len(v) <= longest, path)
		return
	}
	b.may(path, 64)
}

var accountTypes = []string{"MERCHANT_DEPOSIT_ACCOUNT", "SETTLEMENT_ACCOUNT", "DIVISION_DEPOSIT_ACCOUNT"}

// longest is a bound that is kept strictly only.
func (b *body) longest(most int) int {
	if b.strict {
		return most
	}
	return maxBody
}

// bearer is a header's token.
func bearer(header string) string { return strings.TrimPrefix(header, "Bearer ") }
