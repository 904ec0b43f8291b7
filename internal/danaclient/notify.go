package danaclient

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"github.com/salur-id/salur/internal/jakarta"
)

// NotifyPath is where DANA calls a merchant with a Transfer to Bank Notify, below the base
// URL that is registered for the merchant.
const NotifyPath = "/v1.0/debit/emoney/transfer-bank/notify.htm"

const (
	// notifyWithin is what DANA waits for an answer, and so what receiving may take.
	notifyWithin = 8 * time.Second
	// remembered is how many notifications are recognised when they come again.
	remembered = 10_000
)

// Notification is a verified Transfer to Bank Notify: DANA says that a transfer has ended.
//
// It is a hint and no proof. It carries no amount, it may come late, twice or not at all, and
// after a newer one. Ask for the status (BankTransferStatus) and believe that.
type Notification struct {
	// Ref is originalPartnerReferenceNo, ours. DANA's page calls it optional, and swaps its
	// description with the next field's: when Ref is empty or unknown, try ReferenceNo.
	Ref         string
	ReferenceNo string // originalReferenceNo, DANA's
	Status      string // latestTransactionStatus, one of StatusSuccess and so on, or a new one
	ExternalID  string // X-EXTERNAL-ID of the notification itself
}

// NotifyConfig is what a notify handler needs; all fields are required.
type NotifyConfig struct {
	// Key is DANA's public key for this environment (ParsePublicKey). None is built in: with
	// the wrong one every notification is refused, and none is believed.
	Key *rsa.PublicKey
	// Path is the path that DANA calls and signs. It is not taken from the request, which a
	// proxy may have given another one on the way.
	Path string
	// Now is the clock of the answers' X-TIMESTAMP.
	Now func() time.Time
}

// notifyHandler answers Transfer to Bank Notify.
type notifyHandler struct {
	cfg     NotifyConfig
	receive func(context.Context, Notification) error
	seen    *lru.Cache[Notification, struct{}]
	flying  singleflight.Group
}

// NewNotifyHandler is a handler for DANA's Transfer to Bank Notify. receive is given each
// verified notification; an error of it makes DANA call again.
//
// What was received is answered again, and not received again, when it comes once more,
// also at the same time. That memory is this process's and the last 10,000 long, so that
// receive must bear a repetition. How old a notification may be is not checked: DANA
// documents no limit, and an old hint costs one inquiry.
//
// A GET is answered with 200, for DANA's portal tries the URL that way. The server around it
// should bound how long a request may take to arrive (http.Server.ReadTimeout).
func NewNotifyHandler(cfg NotifyConfig, receive func(context.Context, Notification) error) (http.Handler, error) {
	switch {
	case cfg.Key == nil || cfg.Key.N.BitLen() < minKeyBits:
		return nil, fmt.Errorf("DANA notify: %w", ErrPublicKey)
	case cfg.Path == "" || cfg.Path[0] != '/':
		return nil, fmt.Errorf("DANA notify: path %q: use the path that DANA calls, such as %s", cfg.Path, NotifyPath)
	case cfg.Now == nil || receive == nil:
		return nil, errors.New("DANA notify: Now and receive are required")
	}
	seen, err := lru.New[Notification, struct{}](remembered)
	if err != nil {
		return nil, fmt.Errorf("DANA notify: %w", err)
	}
	return &notifyHandler{cfg: cfg, receive: receive, seen: seen}, nil
}

// What a merchant may answer (DANA, Transfer to Bank Notify).
const (
	notifyDone         = "2004300 Successful"
	notifyBad          = "4004300 Bad Request"
	notifyFormat       = "4004301 Invalid Field Format "
	notifyMissing      = "4004302 Invalid Mandatory Field "
	notifyUnauthorized = "4014300 Unauthorized. Invalid Signature"
	notifyError        = "5004301 Internal Server Error"
)

func (h *notifyHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		h.answer(w, h.handle(w, r))
	case http.MethodGet, http.MethodHead:
		w.WriteHeader(http.StatusOK)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// handle is the answer to a notification.
func (h *notifyHandler) handle(w http.ResponseWriter, r *http.Request) string {
	for _, name := range []string{"X-TIMESTAMP", "X-SIGNATURE"} {
		if r.Header.Get(name) == "" {
			return notifyMissing + name
		}
	}
	if stamp := r.Header.Get("X-TIMESTAMP"); len(stamp) != len(jakarta.Layout) {
		return notifyFormat + "X-TIMESTAMP"
	} else if _, err := time.Parse(jakarta.Layout, stamp); err != nil {
		return notifyFormat + "X-TIMESTAMP"
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAnswer))
	if err != nil {
		return notifyBad
	}
	if !h.signed(r, body) {
		return notifyUnauthorized
	}
	n, wrong := readNotification(body)
	if wrong != "" {
		return wrong
	}
	n.ExternalID = clean(r.Header.Get("X-EXTERNAL-ID"), 36)
	if err := h.deliver(r.Context(), n); err != nil {
		// Not known: how far receive came. DANA calls again, and receive bears that.
		return notifyError
	}
	return notifyDone
}

// signed verifies DANA's signature.
func (h *notifyHandler) signed(r *http.Request, body []byte) bool {
	return signedByDANA(h.cfg.Key, body, r.Header.Get("X-SIGNATURE"), func(body []byte) []byte {
		return []byte(http.MethodPost + ":" + h.cfg.Path + ":" + bodyHash(body) + ":" + r.Header.Get("X-TIMESTAMP"))
	})
}

// readNotification reads a verified body. A status beyond DANA's list is let through: it is
// a hint like any other, and refusing it would only make DANA repeat it.
func readNotification(body []byte) (n Notification, wrong string) {
	f, why := document(body)
	if why != "" || f == nil {
		return n, notifyBad
	}
	n = Notification{
		Ref: text(f["originalPartnerReferenceNo"]), ReferenceNo: text(f["originalReferenceNo"]), Status: text(f["latestTransactionStatus"]),
	}
	switch {
	case n.Ref == "" && n.ReferenceNo == "":
		return n, notifyMissing + "originalReferenceNo"
	case n.Status == "":
		return n, notifyMissing + "latestTransactionStatus"
	case clean(n.Ref, 64) != n.Ref:
		return n, notifyFormat + "originalPartnerReferenceNo"
	case clean(n.ReferenceNo, 64) != n.ReferenceNo:
		return n, notifyFormat + "originalReferenceNo"
	case len(n.Status) != 2 || !isDigits(n.Status):
		return n, notifyFormat + "latestTransactionStatus"
	}
	return n, ""
}

// deliver hands n on, once however often and at once it comes.
func (h *notifyHandler) deliver(ctx context.Context, n Notification) error {
	same := n
	same.ExternalID = "" // a repetition may have another
	if h.seen.Contains(same) {
		return nil
	}
	_, err, _ := h.flying.Do(same.Ref+"\n"+same.ReferenceNo+"\n"+same.Status, func() (any, error) {
		if h.seen.Contains(same) { // another call ended just now
			return nil, nil
		}
		// DANA hanging up does not stop what others may be waiting for as well.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), notifyWithin)
		defer cancel()
		if err := h.receive(ctx, n); err != nil {
			return nil, err
		}
		h.seen.Add(same, struct{}{})
		return nil, nil
	})
	return err
}

func (h *notifyHandler) answer(w http.ResponseWriter, what string) {
	code, message := what[:7], what[8:]
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-TIMESTAMP", jakarta.Format(h.cfg.Now()))
	status, _ := strconv.Atoi(code[:3])
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"responseCode": code, "responseMessage": message}) // DANA may have gone
}
