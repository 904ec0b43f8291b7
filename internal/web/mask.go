package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/salur-id/salur/internal/payout"
)

const (
	largestAnswer = 8 << 20 // bytes of an answer of asynqmon, which is held in memory to be masked
	longestError  = 500     // characters of an error of a task
)

// maskAnswers rewrites what asynqmon's API answers: texts of errors are masked. What is not JSON is a text of an
// error itself.
func maskAnswers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isAPI(r) {
			next.ServeHTTP(w, r)
			return
		}
		held := &heldAnswer{header: w.Header(), status: http.StatusOK}
		next.ServeHTTP(held, r)
		if held.tooLarge {
			http.Error(w, "The answer is too large to be shown; ask for fewer tasks.", http.StatusInternalServerError)
			return
		}
		body := maskAnswer(held.body.Bytes())
		w.Header().Del("Content-Length")
		w.WriteHeader(held.status)
		_, _ = w.Write(body) // the client is gone: nobody to tell
	})
}

// heldAnswer keeps an answer back, up to largestAnswer.
type heldAnswer struct {
	header   http.Header
	status   int
	body     bytes.Buffer
	tooLarge bool
}

func (h *heldAnswer) Header() http.Header    { return h.header }
func (h *heldAnswer) WriteHeader(status int) { h.status = status }

func (h *heldAnswer) Write(p []byte) (int, error) {
	if h.body.Len()+len(p) > largestAnswer {
		h.tooLarge = true
		h.body.Reset()
	}
	if !h.tooLarge {
		h.body.Write(p)
	}
	return len(p), nil
}

func maskAnswer(body []byte) []byte {
	if len(bytes.TrimSpace(body)) == 0 {
		return body
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var answer any
	if dec.Decode(&answer) != nil || dec.More() {
		return []byte(maskError(string(body)))
	}
	masked, err := json.Marshal(maskErrors(answer))
	if err != nil { // it was read from JSON: cannot happen
		panic(err)
	}
	return append(masked, '\n')
}

// maskErrors masks the members of an answer that hold texts of tasks beside payload and result: errors, and the
// options of scheduled entries.
func maskErrors(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = maskErrors(v[i])
		}
	case map[string]any:
		for name, value := range v {
			switch name {
			case "error_message", "options":
				v[name] = maskTexts(value)
			default:
				v[name] = maskErrors(value)
			}
		}
	}
	return v
}

func maskTexts(v any) any {
	switch v := v.(type) {
	case string:
		return maskError(v)
	case []any:
		for i := range v {
			v[i] = maskTexts(v[i])
		}
	}
	return v
}

var (
	// numbers are eight digits or more, also when they are written in groups: a phone or account number. Dates
	// are too; that is no loss in an error.
	numbers = regexp.MustCompile(`\+?[0-9](?:[ .()/-]{0,2}[0-9]){7,}`)
	// quotedJSON is where JSON begins in a text, quoted or not: it may be a payload or an answer.
	quotedJSON = regexp.MustCompile(`[{\[]\s*\\*["{\[]`)
)

// maskError is the text of an error, fit to be seen. Ours hold nothing personal, but a queue may be served by others
// too, and a panic says what it likes. JSON is hidden from its first brace on, numbers are masked.
func maskError(text string) string {
	if at := quotedJSON.FindStringIndex(text); at != nil {
		text = text[:at[0]] + "{****}"
	}
	text = numbers.ReplaceAllStringFunc(text, func(number string) string {
		return payout.Mask(strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, number))
	})
	if r := []rune(text); len(r) > longestError {
		return string(r[:longestError]) + "…"
	}
	return text
}
