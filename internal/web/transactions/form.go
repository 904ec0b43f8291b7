package transactions

import (
	"net/http"
	"strings"

	"github.com/salur-id/salur/internal/operate"
)

// What people can do here.
const (
	actInquire = "inquire"
	actResolve = "resolve"
	actCancel  = "cancel"
	actHold    = "hold"
	actResume  = "resume"
)

// longestForm bounds what is read of a form, in bytes.
const longestForm = 16 << 10

// form is what one act asks for, and what was typed when it has to be mended.
type form struct {
	Act    string
	Action string // the address it is sent to
	Proof  string
	By     string
	Reason string
	As     string
	Bad    map[string]string // by field, what to do about it
}

// form is the form for an act, with what was typed in if it is the one that was sent.
func (s *site) form(act, ref string, sent form) form {
	f := form{Act: act}
	if sent.Act == act {
		f = sent
	}
	f.Action = Path + "holds"
	if ref != "" {
		f.Action = address(ref)
	}
	if !s.ReadOnly {
		f.Proof = s.sign.proof(s.Now(), act, ref)
	}
	return f
}

// readForm checks a form that was sent: that it is one of ours, and who and why.
func (s *site) readForm(r *http.Request, ref string) (form, error) {
	r.Body = http.MaxBytesReader(nil, r.Body, longestForm)
	if err := r.ParseForm(); err != nil {
		return form{}, &toldError{status: http.StatusBadRequest, title: "Nothing was done",
			text: "The form could not be read. Go back, reload the page and send it again."}
	}
	get := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	f := form{Act: get("act"), By: get("by"), Reason: get("reason"), As: get("as"), Bad: map[string]string{}}
	if !s.sign.proves(get("proof"), s.Now(), f.Act, ref) {
		return form{}, &toldError{status: http.StatusForbidden, title: "Nothing was done", text: "This form does not come from this page as it is now: it is older than a day, " +
			"or another site sent it in your name. If you meant it, go back, reload the page and send it again."}
	}
	for field, text := range map[string]string{"by": f.By, "reason": f.Reason} {
		if wrong := operate.Check(text); wrong != "" {
			f.Bad[field] = wrong
		}
	}
	return f, nil
}
