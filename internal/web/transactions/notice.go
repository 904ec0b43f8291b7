package transactions

import "net/http"

const noticeCookie = "salur_notice"

// notices are what is told after an act, on the page that follows it. Only these can be told: the cookie has
// the name of one and no text.
var notices = map[string]string{
	"inquired":      "On record. A worker asks DANA as soon as it can; reload this page to see the answer below.",
	"inquired-late": "On record. The workers could not be told at once; they find it by themselves within their sweep interval.",
	"resolved":      "The decision is on record.",
	"cancelled":     "Cancelled: it is never sent.",
	"held":          "Sending is held: all workers stop within a second. Exchanges under way are finished, and inquiries go on.",
	"resumed":       "All workers send again within a second.",
	"nothing-held":  "Nothing was held.",
}

// doneError ends an act that was done: the browser is sent to a page, so that reloading it does nothing again.
type doneError struct{ to, notice string }

func (e *doneError) Error() string { return "done: " + e.notice }

func (e *doneError) redirect(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: noticeCookie, Value: e.notice, Path: Path, MaxAge: 60, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, e.to, http.StatusSeeOther)
}

// takeNotice is the notice for this page, which is shown once.
func takeNotice(w http.ResponseWriter, r *http.Request) string {
	c, err := r.Cookie(noticeCookie)
	if err != nil {
		return ""
	}
	http.SetCookie(w, &http.Cookie{Name: noticeCookie, Path: Path, MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	return notices[c.Value]
}
