package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
)

// guard lets people in to the pages: with a login those who have it, without one those on this machine.
func guard(user, password string) func(http.Handler) http.Handler {
	if user == "" {
		return loopbackOnly
	}
	return basicAuth(user, password)
}

// loopbackOnly answers connections that came in on the loopback interface, as if the pages
// were bound to it alone, while health and metrics stay reachable.
func loopbackOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
		if !ok || !local.IP.IsLoopback() {
			http.Error(w, "The web UI answers on the loopback interface only. Set SALUR_UI_USER and SALUR_UI_PASSWORD to serve it here.", http.StatusForbidden)
			return
		}
		ownName(next).ServeHTTP(w, r)
	})
}

// ownName answers connections that came in on the loopback interface only if they ask for a name of this machine. A site can let its own
// name lead to 127.0.0.1 once a browser has its script (DNS rebinding), and would read what needs no login as if it were its own. On other
// interfaces it is whoever reaches them that reads, by whatever name.
func ownName(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); (!ok || local.IP.IsLoopback()) && !loopbackName(r.Host) {
			http.Error(w, "On the loopback interface this answers to localhost, 127.0.0.1 and [::1] only.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// loopbackName tells whether the value of a Host header, with or without a port, can only be this machine.
func loopbackName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// basicAuth compares hashes, which are of one length: the time it takes tells nothing of user and password.
func basicAuth(user, password string) func(http.Handler) http.Handler {
	wantUser, wantPassword := sha256.Sum256([]byte(user)), sha256.Sum256([]byte(password))
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			u, p, ok := r.BasicAuth()
			gotUser, gotPassword := sha256.Sum256([]byte(u)), sha256.Sum256([]byte(p))
			same := subtle.ConstantTimeCompare(gotUser[:], wantUser[:]) & subtle.ConstantTimeCompare(gotPassword[:], wantPassword[:])
			if !ok || same != 1 {
				w.Header().Set("WWW-Authenticate", `Basic realm="Salur", charset="UTF-8"`)
				http.Error(w, "user and password, please", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
