package sandbox

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"

	"github.com/salur-id/salur/internal/jakarta"
)

// openAPI is one of DANA's Open APIs. They are no SNAP APIs: no headers, the signature is a field over the bytes of "request"
// just as they came, and a failure is HTTP 200 with a result of its own.
type openAPI struct {
	name, path, function string
	// answer is what a request is answered whose head and signature are right: the result, and what goes beside it.
	answer func(s *Sandbox, body json.RawMessage) (result, map[string]any)
}

var openAPIs = []openAPI{balanceAPI, merchantInfoAPI, assetCardsAPI}

func isOpenAPI(name string) bool {
	for _, a := range openAPIs {
		if a.name == name {
			return true
		}
	}
	return false
}

// result is one row of DANA's table for the balance check.
type result struct {
	Status string `json:"resultStatus"`
	CodeID string `json:"resultCodeId"`
	Code   string `json:"resultCode"`
	Msg    string `json:"resultMsg"`
}

var (
	resultOK         = result{"S", "00000000", "SUCCESS", "SUCCESS"}
	systemError      = result{"U", "00000900", "SYSTEM_ERROR", "System error"}
	merchantNotExist = result{"F", "12158006901", "MERCHANT_NOT_EXIST", "Merchant does not exist"}
)

func paramIllegal(what string) result {
	return result{"F", "00000004", "PARAM_ILLEGAL", "Illegal parameter: " + what}
}

type openHead struct {
	Version      string `json:"version"`
	Function     string `json:"function"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	ReqTime      string `json:"reqTime"`
	ReqMsgID     string `json:"reqMsgId"`
}

// openAPI answers a request to an Open API.
func (s *Sandbox) openAPI(a openAPI) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		entry, refused := s.arrived(r, a.name)
		var envelope struct {
			Request   json.RawMessage `json:"request"`
			Signature string          `json:"signature"`
		}
		var req struct {
			Head openHead        `json:"head"`
			Body json.RawMessage `json:"body"`
		}
		res, body := paramIllegal("body"), map[string]any{}
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err == nil && json.Unmarshal(raw, &envelope) == nil && json.Unmarshal(envelope.Request, &req) == nil {
			signed := s.verify(string(envelope.Request), envelope.Signature)
			entry.Signature = map[bool]string{true: "openapi", false: "wrong"}[signed]
			if res = s.judge(a, req.Head, refused, signed); res == resultOK {
				var more map[string]any
				res, more = a.answer(s, req.Body)
				maps.Copy(body, more)
			}
		}
		how := s.nextOfOpenAPI(a.name)
		entry.ExternalID, entry.Code, entry.Message = req.Head.ReqMsgID, res.CodeID, res.Msg
		entry.Answer, entry.Status = how, how.status("200")
		s.keep(entry)
		body["resultInfo"] = res
		switch how {
		case Extra:
			body["newField"] = 1
		case Missing:
			delete(body, "resultInfo")
		}
		// DANA's table has clientSecret in the answer's head as well; a secret is not repeated here.
		s.send(w, r, entry.Status, s.signedResponse(map[string]any{
			"head": map[string]string{
				"version": "2.0", "function": a.function, "clientId": req.Head.ClientID,
				"respTime": jakarta.Format(s.cfg.Now()), "reqMsgId": req.Head.ReqMsgID, "reserve": "{}",
			},
			"body": body,
		}), how)
	}
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

func (s *Sandbox) nextOfOpenAPI(name string) Answer {
	b, _ := s.open()
	defer s.mu.Unlock()
	st, _ := b.nextOfAPI(name)
	return st.Answer
}

// judge picks the row for a head. What DANA answers to a bad signature or secret is not documented;
// PARAM_ILLEGAL is the one listed failure that fits.
func (s *Sandbox) judge(a openAPI, h openHead, refused, signed bool) result {
	switch {
	case !signed:
		return paramIllegal("signature")
	case refused || h.ClientID != s.cfg.PartnerID:
		return paramIllegal("clientId")
	case s.cfg.ClientSecret == "" || subtle.ConstantTimeCompare([]byte(h.ClientSecret), []byte(s.cfg.ClientSecret)) != 1:
		return paramIllegal("clientSecret")
	case h.Version != "2.0":
		return paramIllegal("version")
	case h.Function != a.function:
		return paramIllegal("function")
	case !validDate(h.ReqTime):
		return paramIllegal("reqTime")
	case h.ReqMsgID == "" || len(h.ReqMsgID) > 64:
		return paramIllegal("reqMsgId")
	}
	return resultOK
}
