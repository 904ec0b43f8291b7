package api

import (
	"crypto/sha256"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/config"
)

// Whatever body comes: no panic, no success without a record of each payout, and no record without a success.
func FuzzSubmit(f *testing.F) {
	for _, body := range []string{pay("A-1"), array(pay("A-1"), pay("A-2")), "[]", "[[]]", "{}", "null", "", " ", "\xff", `{"ref":1}`, array(pay("A-1"), pay("A-1")),
		`[{"ref":"A","customer":"62811742234","amount":1e3}]`, `{"ref":"A","kind":"bank","customer":"62811742234","amount":"1","bankCode":"014","account":"1"}`} {
		f.Add([]byte(body))
	}
	server := miniredis.RunT(f)
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	f.Cleanup(func() { _ = rdb.Close() })
	cfg := Config{Redis: rdb, Log: zap.NewNop()}
	cfg.Keys = []config.APIKey{{Name: "payroll", Hash: sha256.Sum256([]byte(payrollKey))}}
	h, client := New(cfg), salur.New(rdb)
	f.Fuzz(func(t *testing.T, body []byte) {
		server.FlushAll()
		r := httptest.NewRequest("POST", "/v1/payouts", strings.NewReader(string(body)))
		r.Header.Set("Authorization", "Bearer "+payrollKey)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		page, err := client.List(t.Context(), salur.Query{})
		if err != nil {
			t.Fatal(err)
		}
		if w.Code >= 500 || (w.Code < 300) != (len(page.Transactions) > 0) {
			t.Fatalf("%d with %d on record: %s", w.Code, len(page.Transactions), w.Body)
		}
		if w.Code >= 300 {
			return
		}
		var told []salur.Receipt
		var one salur.Receipt
		if json.Unmarshal(w.Body.Bytes(), &told) != nil {
			if err := json.Unmarshal(w.Body.Bytes(), &one); err != nil {
				t.Fatal(err)
			}
			told = []salur.Receipt{one}
		}
		refs := map[string]bool{}
		for _, r := range told {
			if refs[r.Ref] = true; r.State != salur.Queued {
				t.Errorf("%+v", r)
			}
		}
		for _, tx := range page.Transactions {
			if !refs[tx.Ref] {
				t.Errorf("%s is on record and was not told", tx.Ref)
			}
		}
		if len(refs) != len(page.Transactions) {
			t.Errorf("%d told, %d on record", len(refs), len(page.Transactions))
		}
	})
}
