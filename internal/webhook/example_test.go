package webhook_test

import (
	"io"
	"log"
	"net/http"
	"os"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The receiver's part, as docs/webhooks.md shows it.
func Example() {
	wh, err := standardwebhooks.NewWebhook(os.Getenv("SALUR_WEBHOOK_SECRET"))
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("POST /salur", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
		if err != nil || wh.Verify(body, r.Header) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		// r.Header.Get("webhook-id") names what was handled before.
		w.WriteHeader(http.StatusNoContent)
	})
}
