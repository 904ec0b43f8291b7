package transactions

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"time"
	"unicode"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/redisfault"
	"github.com/salur-id/salur/internal/statemachine"
)

//go:embed *.html style.css
var files embed.FS

var (
	templates = template.Must(template.New("").Funcs(template.FuncMap{
		"moment": moment, "exact": exact, "machine": jakarta.Stamp, "plural": plural,
	}).ParseFS(files, "*.html"))

	styleSheet = func() []byte {
		b, err := files.ReadFile("style.css")
		if err != nil { // it is embedded: cannot happen
			panic(err)
		}
		return b
	}()
	stylePath = Path + "style." + func() string {
		sum := sha256.Sum256(styleSheet)
		return hex.EncodeToString(sum[:6])
	}() + ".css"
)

// page is one answer for people.
type page struct {
	status   int // 0 for 200
	template string
	Title    string
	Ref      string // for the search box
	Data     any
}

// frame is what surrounds every page.
type frame struct {
	page
	Style     string
	TasksPath string
	ReadOnly  bool
	Notice    string
	Refused   string // why Redis takes no writes; empty when it does
	States    []statemachine.State
	Now       time.Time
}

// write renders a page whole before the first byte leaves, so that a fault is told by its status.
func (s *site) write(w http.ResponseWriter, r *http.Request, p page) {
	f := frame{page: p, Style: stylePath, TasksPath: s.TasksPath, ReadOnly: s.ReadOnly, States: statemachine.States, Now: s.Now()}
	if p.status == 0 {
		f.Notice = takeNotice(w, r)
	}
	if r := redisfault.Of(s.ledger.Writable(r.Context())); r != nil {
		f.Refused = r.Error()
	}
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, p.template+".html", f); err != nil {
		s.Log.Sugar().Errorw("a page could not be rendered", "template", p.template, "error", err)
		http.Error(w, "This page could not be rendered; the worker's log has the error.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	switch p.status {
	case 0:
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "5")
		fallthrough
	default:
		w.WriteHeader(p.status)
	}
	_, _ = w.Write(visible(b.Bytes())) // the client is gone: nobody to tell
}

// visible takes out what a reader cannot see: control characters, and those that turn the direction of a
// text around. Values come from merchants, DANA and people; here all of them pass.
func visible(b []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, b)
}

// secured sets what every answer has. The referrer goes to this server and to no other: with none at all
// browsers would send forms from the origin "null", which is refused where there is no TLS.
func secured(next http.Handler) http.Handler {
	const policy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

func style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "private, max-age=31536000, immutable") // its name changes with it
	_, _ = w.Write(styleSheet)
}

// moment is a time for people: Jakarta's, to the second.
func moment(t time.Time) string { return t.In(jakarta.Zone).Format("2006-01-02 15:04:05 MST") }

// exact is such a time with milliseconds, in which schedules can be seen.
func exact(t time.Time) string { return t.In(jakarta.Zone).Format("2006-01-02 15:04:05.000 MST") }

// plural chooses a word by a number, of any type of integer.
func plural(n any, one, many string) string {
	if fmt.Sprint(n) == "1" {
		return one
	}
	return many
}

// age is about how long something has lasted, in its two largest units.
func age(d time.Duration) string {
	seconds := max(0, int64(d/time.Second))
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", seconds)
	case d < time.Hour:
		return fmt.Sprintf("%dm %ds", seconds/60, seconds%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh %dm", seconds/3600, seconds/60%60)
	}
	return fmt.Sprintf("%dd %dh", seconds/86400, seconds/3600%24)
}

// payee is who is paid, masked. A bank account is named as one, so that nobody takes its number for a phone's.
func payee(tx salur.Transaction) string {
	if tx.Kind == salur.Bank {
		return "bank " + tx.BankCode + " " + tx.Bank + " " + tx.Account
	}
	return tx.Customer
}
