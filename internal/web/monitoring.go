package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/hibiken/asynqmon"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/wakeup"
)

// UIPath is where the Asynq web UI is mounted.
const UIPath = "/monitoring/"

// largestPage is how many tasks the Asynq web UI can be asked for at once; its own pages ask for at most as many.
const largestPage = 100

// monitoring is the Asynq web UI with everything personal masked. Payloads and results have formatters of its
// own; errors have none, so its answers are rewritten. (Headers it does not show at all.)
func monitoring(newRedis func() redis.UniversalClient, readOnly bool) (h http.Handler, closeUI func() error) {
	ui := asynqmon.New(asynqmon.Options{
		RootPath:         UIPath[:len(UIPath)-1],
		RedisConnOpt:     connOpt(newRedis),
		ReadOnly:         readOnly,
		PayloadFormatter: asynqmon.PayloadFormatterFunc(func(_ string, p []byte) string { return wakeup.Mask(p) }),
		ResultFormatter:  asynqmon.ResultFormatterFunc(func(string, []byte) string { return "(hidden)" }),
	})
	return frame(bounded(maskAnswers(ui))), ui.Close
}

type connOpt func() redis.UniversalClient

// MakeRedisClient implements asynq.RedisConnOpt.
func (f connOpt) MakeRedisClient() any { return f() }

// frame keeps the browser to this server: without it asynqmon has fonts fetched from elsewhere. Its scripts
// and styles are partly in its page, so they have to be allowed there.
func frame(next http.Handler) http.Handler {
	const policy = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; " +
		"img-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		if isAPI(r) {
			h.Set("Cache-Control", "no-store")
		}
		next.ServeHTTP(w, r)
	})
}

// bounded keeps asynqmon from reading a whole queue at once, which it does when it is asked for pages of any size,
// of size 0 among them.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		bound := func(name string, most int) {
			if n, err := strconv.Atoi(q.Get(name)); q.Has(name) && (err != nil || n < 1 || n > most) {
				q.Set(name, strconv.Itoa(most))
			}
		}
		if isAPI(r) && (q.Has("size") || q.Has("page")) {
			bound("size", largestPage)
			bound("page", 1_000_000)
			r.URL.RawQuery = q.Encode()
		}
		next.ServeHTTP(w, r)
	})
}

func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, UIPath+"api/") }
