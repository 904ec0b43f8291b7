package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/salur-id/salur"
	"github.com/salur-id/salur/internal/strictjson"
)

// kind is one type of problem. Its name and status are public and stay as they are.
type kind struct {
	name   string
	status int
	title  string
	means  string // and what to do, for its page
}

// The types of problems, in the order of their statuses.
var (
	invalidJSON = &kind{"invalid-json", http.StatusBadRequest, "The body is not JSON.",
		"The body is not one JSON document in UTF-8. Nothing was accepted. Mend the request; the same one fails again."}
	invalidQuery = &kind{"invalid-query", http.StatusBadRequest, "The query is not valid.",
		"A parameter behind the ? is unknown, there twice or has no good value; each is in errors."}
	unauthorized = &kind{"unauthorized", http.StatusUnauthorized, "A key is needed.",
		"Send Authorization: Bearer KEY, with a key whose hash is in SALUR_API_KEYS."}
	notFound = &kind{"not-found", http.StatusNotFound, "No payout with this reference.",
		"It was never accepted, or it is over for longer than the workers' SALUR_RETENTION."}
	noSuchPath = &kind{"no-such-path", http.StatusNotFound, "There is nothing at this path.",
		"GET /v1/openapi.yaml has every path. In a path a reference is percent-encoded, / as %2F."}
	methodNotAllowed = &kind{"method-not-allowed", http.StatusMethodNotAllowed, "This path has no such method.",
		"The header Allow has those that it has."}
	conflict = &kind{"conflict", http.StatusConflict, "The reference exists with other content.",
		"Nothing was accepted, and the payout on record goes on as it is. Do not give a payout whose fate is not known " +
			"a new reference: look up the one on record first."}
	partlyAccepted = &kind{"partly-accepted", http.StatusConflict, "Some payouts were accepted, and some references exist with other content.",
		"Between the check of an array and its acceptance somebody else used one of its references. results has " +
			"a receipt for each payout that was accepted, and a problem for each that was not. The others are not taken back."}
	tooLarge = &kind{"body-too-large", http.StatusRequestEntityTooLarge, "The body is too large.",
		"A body has at most 4 MiB. Nothing was accepted; send fewer payouts at once."}
	unsupportedMediaType = &kind{"unsupported-media-type", http.StatusUnsupportedMediaType, "The body must be plain application/json.",
		"Send Content-Type: application/json, and the body as it is: without Content-Encoding, so not compressed."}
	invalidFields = &kind{"invalid-fields", http.StatusUnprocessableEntity, "Some fields are not valid.",
		"errors names every bad field, in an array of payouts with its index. Nothing was accepted, the good ones " +
			"of an array neither. Mend the request; the same one fails again."}
	invalidCount = &kind{"invalid-count", http.StatusUnprocessableEntity, "An array has 1 to 1,000 payouts.",
		"Nothing was accepted. Send larger payrolls in parts."}
	rateLimited = &kind{"rate-limited", http.StatusTooManyRequests, "Too many requests with this key.",
		"Nothing was done. Make the same request again after Retry-After; many payouts in one array are one request. " +
			"The limit is SALUR_API_RATE_LIMIT."}
	internalError = &kind{"internal", http.StatusInternalServerError, "Something is broken here.",
		"The log has the cause, under the request's id (instance). Of a payout it is not known whether it was " +
			"accepted: look it up, or make the same request again, nobody is paid twice."}
	unreadableRecord = &kind{"unreadable-record", http.StatusInternalServerError, "The record of this payout cannot be read.",
		"A record is under the reference, but it was damaged or altered, or a newer Salur wrote it. Nothing was accepted or changed, and the " +
			"same request is answered alike. Whether its payout was paid is not known: pay nobody under a new reference before a person " +
			"has found out, by docs/runbooks/SalurUnreadableRecords.md."}
	noDANA = &kind{"dana-not-configured", http.StatusNotImplemented, "Questions to DANA are not served here.",
		"The intake was started without DANA's credentials. Payouts are accepted without them."}
	danaRefused = &kind{"dana-refused", http.StatusBadGateway, "DANA refuses to answer.",
		"DANA answered, but about the merchant and not about the account. detail has its words. Asking again does not help before that is mended."}
	notDurable = &kind{"not-durable", http.StatusServiceUnavailable, "Redis would forget payouts.",
		"What is accepted must outlive a restart of Redis, and at present it would not. Nothing was accepted. " +
			"Set appendonly yes (guarantees.md says why); the intake notices by itself. Then make the same request again."}
	busy = &kind{"busy", http.StatusServiceUnavailable, "The intake is busy.",
		"It does so many requests at once that one more could cost it its memory. Arrays and long lists have a few places, and one key has at " +
			"most half of them. Nothing was done. Make the same request again after Retry-After; a payout by itself does not wait for arrays."}
	full = &kind{"full", http.StatusServiceUnavailable, "Redis is nearly full.",
		"What is left belongs to the payouts that are under way. Nothing was accepted. Make the same request again " +
			"later; raise Redis's maxmemory if it lasts. Looking payouts up works."}
	unavailable = &kind{"unavailable", http.StatusServiceUnavailable, "Redis cannot be reached.",
		"Nothing was accepted. Make the same request again after Retry-After."}
	refusesWrites = &kind{"redis-refuses", http.StatusServiceUnavailable, "Redis takes no payouts.",
		"Redis has refused: it is a replica, has lost its disk or its replicas, or its user may not write; detail says " +
			"which. What has this problem was not accepted. Make the same request again when that is mended. Looking payouts up works."}
	outcomeUnknown = &kind{"outcome-unknown", http.StatusServiceUnavailable, "It is not known whether payouts were accepted.",
		"Redis did not answer while they were recorded. Make the same request again, with the same references, until it " +
			"is answered: what was accepted is then a duplicate, and nobody is paid twice. results has what is known of each."}
	noVerdict = &kind{"dana-no-verdict", http.StatusGatewayTimeout, "DANA did not tell.",
		"No answer came, or one that says nothing about the account. Ask again later; no money was moved."}
)

var kinds = []*kind{
	invalidJSON, invalidQuery, unauthorized, notFound, noSuchPath, methodNotAllowed, conflict, partlyAccepted, tooLarge,
	unsupportedMediaType, invalidFields, invalidCount, rateLimited, internalError, unreadableRecord, noDANA, danaRefused,
	notDurable, busy, full, unavailable, refusesWrites, outcomeUnknown, noVerdict,
}

const problemPath = "/problems/"

func (k *kind) uri() string { return problemPath + k.name }

// problem is an answer that is no success.
type problem struct {
	kind       *kind
	detail     string
	errors     []fault
	results    []outcome
	retryAfter time.Duration
	cause      error // for the log
}

func (p *problem) Error() string { return p.kind.title }

// fault is one thing that is wrong with a request.
type fault struct {
	Index *int   `json:"index,omitempty"` // in an array of payouts
	Field string `json:"field"`           // empty when it is not about a single field
	Value string `json:"value"`           // masked where it is personal; empty when the field has another JSON type, is there twice or does not exist
	Fix   string `json:"fix"`
}

// problemDocument is RFC 9457's.
type problemDocument struct {
	Type     string    `json:"type"`
	Title    string    `json:"title"`
	Status   int       `json:"status"`
	Detail   string    `json:"detail,omitempty"`
	Instance string    `json:"instance"`
	Errors   []fault   `json:"errors,omitempty"`
	Results  []outcome `json:"results,omitempty"`
}

func (p *problem) document(id string) problemDocument {
	return problemDocument{p.kind.uri(), p.kind.title, p.kind.status, p.detail, id, p.errors, p.results}
}

// faults are what is wrong with one JSON object; index is its place in an array, or nil.
func faults(index *int, err error) []fault {
	var invalid *salur.InvalidError
	var field *strictjson.FieldError
	switch {
	case errors.As(err, &field):
		return []fault{{Index: index, Field: field.Field, Fix: field.Fix}}
	case !errors.As(err, &invalid):
		return []fault{{Index: index, Fix: err.Error()}} // about the object itself; it quotes nothing
	}
	all := make([]fault, len(invalid.Fields))
	for i, f := range invalid.Fields {
		all[i] = fault{index, f.Field, f.Value, f.Fix}
	}
	return all
}

// stored is the problem that an error of the store is, when nothing was to be recorded or nothing was.
func stored(err error) error {
	var refused *salur.RefusedError
	switch {
	case err == salur.ErrNotFound:
		return &problem{kind: notFound}
	case errors.Is(err, salur.ErrNotFound): // it was on record, and how it ended is known
		return &problem{kind: notFound, detail: err.Error()}
	case errors.Is(err, salur.ErrUnreadable):
		return &problem{kind: unreadableRecord, detail: err.Error(), cause: err}
	case errors.Is(err, salur.ErrFull):
		return &problem{kind: full, detail: "make the same request again later; raise Redis's maxmemory if it lasts", retryAfter: 10 * soon, cause: err}
	case errors.As(err, &refused):
		return &problem{kind: refusesWrites, detail: refused.Error(), retryAfter: soon, cause: err}
	case errors.Is(err, salur.ErrUnavailable):
		return &problem{kind: unavailable, detail: "nothing was done; make the same request again", retryAfter: soon, cause: err}
	}
	return err
}

// explain is the page behind a problem's type.
func explain(c *call) (reply, error) {
	for _, k := range kinds {
		if k.name == c.PathValue("name") {
			return ok(page{"text/plain; charset=utf-8", []byte(k.title + "\n\n" + k.means + "\n")}), nil
		}
	}
	return reply{}, &problem{kind: noSuchPath}
}
