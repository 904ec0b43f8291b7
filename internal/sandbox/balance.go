package sandbox

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	"github.com/salur-id/salur/internal/jakarta"
)

const (
	balanceName     = "queryMerchantResource"
	balanceFunction = "dana.merchant.queryMerchantResource"
)

// SystemErrorMerchant is the requestMerchantId that the balance check answers SYSTEM_ERROR.
const SystemErrorMerchant = "216620000000000000900"

// result is one row of DANA's table for the balance check.
type result struct {
	Status string `json:"resultStatus"`
	CodeID string `json:"resultCodeId"`
	Code   string `json:"resultCode"`
	Msg    string `json:"resultMsg"`
}

var (
	balanceOK        = result{"S", "00000000", "SUCCESS", "SUCCESS"}
	systemError      = result{"U", "00000900", "SYSTEM_ERROR", "System error"}
	merchantNotExist = result{"F", "12158006901", "MERCHANT_NOT_EXIST", "Merchant does not exist"}
)

func paramIllegal(what string) result {
	return result{"F", "00000004", "PARAM_ILLEGAL", "Illegal parameter: " + what}
}

type balanceRequest struct {
	Head struct {
		Version      string `json:"version"`
		Function     string `json:"function"`
		ClientID     string `json:"clientId"`
		ClientSecret string `json:"clientSecret"`
		ReqTime      string `json:"reqTime"`
		ReqMsgID     string `json:"reqMsgId"`
	} `json:"head"`
	Body struct {
		MerchantID string   `json:"requestMerchantId"`
		Resources  []string `json:"merchantResourceInfoList"`
	} `json:"body"`
}

type resource struct {
	Type string `json:"resourceType"`
	// Value is JSON inside a text: {"amount":"…","currency":"IDR"}, amount in cents as
	// digits. Cents is what DANA's documentation says; it is unconfirmed on the wire.
	Value string `json:"value"`
}

// balance answers the check of the disbursement account. It is an Open API and no SNAP API:
// no headers, the signature is a field over the bytes of "request" just as they came,
// and a failure is HTTP 200 with a result of its own.
func (s *Sandbox) balance(w http.ResponseWriter, r *http.Request) {
	entry, refused := s.arrived(r, balanceName)
	var envelope struct {
		Request   json.RawMessage `json:"request"`
		Signature string          `json:"signature"`
	}
	var req balanceRequest
	res := paramIllegal("body")
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil && json.Unmarshal(raw, &envelope) == nil && json.Unmarshal(envelope.Request, &req) == nil {
		signed := s.verify(string(envelope.Request), envelope.Signature)
		entry.Signature = map[bool]string{true: "openapi", false: "wrong"}[signed]
		res = s.judge(req, refused, signed)
	}
	how := s.nextOfBalance()
	entry.ExternalID, entry.Code, entry.Message = req.Head.ReqMsgID, res.CodeID, res.Msg
	entry.Answer, entry.Status = how, how.status("200")
	s.keep(entry)
	body := map[string]any{"resultInfo": res}
	if res == balanceOK {
		body["merchantResourceInformations"] = s.resources(req.Body.Resources)
	}
	switch how {
	case Extra:
		body["newField"] = 1
	case Missing:
		delete(body, "resultInfo")
	}
	// DANA's table has clientSecret in the answer's head as well; a secret is not repeated here.
	s.send(w, r, entry.Status, s.signedResponse(map[string]any{
		"head": map[string]string{
			"version": "2.0", "function": balanceFunction, "clientId": req.Head.ClientID,
			"respTime": jakarta.Format(s.cfg.Now()), "reqMsgId": req.Head.ReqMsgID, "reserve": "{}",
		},
		"body": body,
	}), how)
}

// signedResponse is the envelope around response: signed over its bytes, if there is a key to
// play DANA's.
func (s *Sandbox) signedResponse(response any) any {
	raw, err := json.Marshal(response)
	if err != nil { // texts and amounts only: cannot happen
		panic(err)
	}
	envelope := map[string]any{"response": json.RawMessage(raw)}
	if s.cfg.DANAKey != nil {
		sum := sha256.Sum256(raw)
		signature, err := rsa.SignPKCS1v15(nil, s.cfg.DANAKey, crypto.SHA256, sum[:])
		if err != nil { // RSA signs any hash that is shorter than the key: cannot happen
			panic(err)
		}
		envelope["signature"] = base64.StdEncoding.EncodeToString(signature)
	}
	return envelope
}

func (s *Sandbox) nextOfBalance() Answer {
	b, _ := s.open()
	defer s.mu.Unlock()
	st, _ := b.nextOfAPI(balanceName)
	return st.Answer
}

// judge picks the row. What DANA answers to a bad signature or secret is not documented;
// PARAM_ILLEGAL is the one listed failure that fits.
func (s *Sandbox) judge(req balanceRequest, refused, signed bool) result {
	h := req.Head
	switch {
	case !signed:
		return paramIllegal("signature")
	case refused || h.ClientID != s.cfg.PartnerID:
		return paramIllegal("clientId")
	case s.cfg.ClientSecret == "" || subtle.ConstantTimeCompare([]byte(h.ClientSecret), []byte(s.cfg.ClientSecret)) != 1:
		return paramIllegal("clientSecret")
	case h.Version != "2.0":
		return paramIllegal("version")
	case h.Function != balanceFunction:
		return paramIllegal("function")
	case !validDate(h.ReqTime):
		return paramIllegal("reqTime")
	case h.ReqMsgID == "" || len(h.ReqMsgID) > 64:
		return paramIllegal("reqMsgId")
	case len(req.Body.Resources) == 0:
		return paramIllegal("merchantResourceInfoList")
	}
	for _, name := range req.Body.Resources {
		switch name {
		case "MERCHANT_DEPOSIT_BALANCE", "MERCHANT_AVAILABLE_BALANCE", "MERCHANT_TOTAL_BALANCE":
		default:
			return paramIllegal("merchantResourceInfoList")
		}
	}
	switch {
	case req.Body.MerchantID == SystemErrorMerchant:
		return systemError
	case req.Body.MerchantID == "" || req.Body.MerchantID != s.cfg.MerchantID:
		return merchantNotExist
	}
	return balanceOK
}

// resources are the balances asked for. The sandbox has one account, so they are all the deposit.
func (s *Sandbox) resources(names []string) []resource {
	b, _ := s.open()
	defer s.mu.Unlock()
	value := `{"amount":"` + strconv.FormatInt(b.deposit.Cents(), 10) + `","currency":"IDR"}`
	list := make([]resource, len(names))
	for i, name := range names {
		list[i] = resource{name, value}
	}
	return list
}
