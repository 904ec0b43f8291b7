package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// reply is an answer that is no problem. A page is written as it is, anything else as JSON.
type reply struct {
	status int
	body   any
}

type page struct {
	mediaType string
	text      []byte
}

func ok(body any) reply { return reply{http.StatusOK, body} }

// tell writes the answer, or the problem that err is. Any error that is none is our own fault.
func (c *call) tell(w http.ResponseWriter, answer reply, err error) {
	mediaType := "application/json"
	if err != nil {
		var p *problem
		if !errors.As(err, &p) {
			p = &problem{kind: internalError, cause: err}
		}
		because(w, p)
		if p.retryAfter > 0 {
			c.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
		}
		mediaType = "application/problem+json"
		answer = reply{p.kind.status, p.document(c.id)}
	}
	var b bytes.Buffer
	if p, ok := answer.body.(page); ok {
		mediaType = p.mediaType
		b.Write(p.text)
	} else {
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(answer.body); err != nil {
			panic(err) // our own types: cannot happen
		}
	}
	c.header.Set("Content-Type", mediaType)
	c.header.Set("Cache-Control", "no-store")
	c.header.Set("X-Content-Type-Options", "nosniff")
	c.header.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(answer.status)
	_, _ = w.Write(b.Bytes()) // the client is gone: nobody to tell
}

// soon is when to come again while Redis is away or full: it may be back at any time.
const soon = time.Second
