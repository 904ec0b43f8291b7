package api

import (
	"errors"
	"net/http"

	_ "embed"

	"github.com/salur-id/salur"
)

//go:embed openapi.yaml
var openapi []byte

// document is the description of all this.
func document(*call) (reply, error) {
	return ok(page{"application/yaml", openapi}), nil
}

// alive is this very answer. It must not depend on Redis, or an outage there restarts every instance.
func alive(*call) (reply, error) {
	return ok(map[string]string{"status": "ok"}), nil
}

// check is one line of the readiness answer.
type check struct {
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

// ready tells whether payouts would be accepted now.
func (a *api) ready(c *call) (reply, error) {
	checks := map[string]check{"redis": {OK: true}, "durable": {OK: true}, "room": {OK: true}}
	room, err := a.room.get(c.Context())
	switch {
	case err != nil:
		checks["redis"] = check{Detail: "Redis cannot be reached"}
		delete(checks, "durable") // not known
		delete(checks, "room")
	default:
		if room.Forgets != "" {
			checks["durable"] = check{Detail: room.Forgets}
		}
		if room.Payouts == 0 {
			checks["room"] = check{Detail: "Redis is nearly full"}
		}
	}
	if err == nil {
		writes, _ := a.writes.get(c.Context()) // what is wrong is in it
		var refused *salur.RefusedError
		switch {
		case writes.err == nil:
			checks["writes"] = check{OK: true}
		case errors.As(writes.err, &refused):
			checks["writes"] = check{Detail: refused.Error()}
		default:
			checks["writes"] = check{Detail: "Redis did not answer"}
		}
	}
	status := http.StatusOK
	for name := range checks {
		if !checks[name].OK {
			status = http.StatusServiceUnavailable
		}
	}
	return reply{status, map[string]any{"ready": status == http.StatusOK, "checks": checks}}, nil
}
