package danaclient

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

// APIBalance is Check Disbursement Account, an Open API and no SNAP API: it has an envelope,
// a signature and result codes of its own.
const APIBalance API = "balance"

const (
	balancePath     = "/dana/merchant/queryMerchantResource.htm"
	balanceFunction = "dana.merchant.queryMerchantResource"
)

// The resources of a merchant.
const (
	DepositBalance   = "MERCHANT_DEPOSIT_BALANCE"   // what disbursements are paid from
	AvailableBalance = "MERCHANT_AVAILABLE_BALANCE" // what the merchant can use
	TotalBalance     = "MERCHANT_TOTAL_BALANCE"     // payable account and settlement account
)

// Balances is what Check Disbursement Account told.
type Balances struct {
	Exchange  // ExternalID is the reqMsgId, Outcome.Code the resultCodeId
	Resources []Resource
}

// Resource is one balance of the merchant.
type Resource struct {
	Type string // DepositBalance, AvailableBalance, TotalBalance, or a new one
	// Raw is the number as DANA gave it, digits; empty when it gave none.
	Raw string
	// Amount is Raw read in the currency's smallest unit, 1/100 rupiah, as DANA's page on
	// this API says. That is not confirmed: some report whole rupiah. Zero when Raw is empty.
	Amount money.Amount
}

// balanceCodes is DANA, Check Disbursement Account, result codes, by resultStatus and
// resultCodeId. DANA prints 00000900 as U on one page and as F on another.
var balanceCodes = map[string]meaning{
	"S00000000":    {kind: statemachine.Succeeded},
	"F00000004":    {kind: statemachine.Refused, why: "param_illegal"},
	"F12158006901": {kind: statemachine.Refused, why: statemachine.InvalidMerchant},
	"U00000900":    {kind: statemachine.Unknown, why: "system_error", fault: true},
	"F00000900":    {kind: statemachine.Unknown, why: "system_error", fault: true},
}

type balanceHead struct {
	Version      string `json:"version"`
	Function     string `json:"function"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	ReqTime      string `json:"reqTime"`
	ReqMsgID     string `json:"reqMsgId"`
	Reserve      string `json:"reserve"` // an object as text
}

type balanceBody struct {
	MerchantID string   `json:"requestMerchantId"`
	Resources  []string `json:"merchantResourceInfoList"`
}

// Balance asks for the merchant's balances (DANA, Check Disbursement Account). It needs
// Config.MerchantID and Config.ClientSecret. DANA does not document how long it may take;
// it has the time that every exchange has.
func (c *Client) Balance(ctx context.Context) Balances {
	start := c.cfg.Now()
	id := NewExternalID(start)
	ctx, end := c.span(ctx, APIBalance, c.base.JoinPath(balancePath).String(), id)
	var b Balances
	if invalid := c.checkBalance(); invalid != nil {
		b.Exchange = notSent(whyInvalid, invalid)
	} else {
		b = c.balance(ctx, id)
	}
	b.API, b.ExternalID, b.Duration = APIBalance, id, c.cfg.Now().Sub(start)
	if b.Err != nil {
		b.Err = fmt.Errorf("DANA %s: %w", APIBalance, b.Err)
	}
	end(b.Exchange)
	return b
}

func (c *Client) checkBalance() error {
	var bad payout.InvalidError
	if c.cfg.MerchantID == "" {
		bad = append(bad, payout.FieldError{Field: "MERCHANT_ID", Fix: "is needed for the balance check; DANA gave it, and it is not the client id"})
	}
	if c.cfg.ClientSecret == "" {
		bad = append(bad, payout.FieldError{Field: "CLIENT_SECRET", Fix: "is needed for the balance check; DANA gave it"})
	}
	if len(bad) > 0 {
		return bad
	}
	return nil
}

func (c *Client) balance(caller context.Context, id string) Balances {
	if err := caller.Err(); err != nil {
		return Balances{Exchange: notSent(whyCancelled, err)}
	}
	ctx, cancel := context.WithTimeout(caller, c.cfg.Timeout)
	defer cancel()
	payload, err := c.balancePayload(id)
	if err != nil {
		return Balances{Exchange: notSent(whyNotBuilt, err)}
	}
	ctx, connected := traced(ctx)
	req, err := c.post(ctx, c.base.JoinPath(balancePath).String(), payload)
	if err != nil {
		return Balances{Exchange: notSent(whyNotBuilt, err)}
	}
	r := c.roundTrip(req, connected, service{api: APIBalance}, payload)
	if r.err != nil {
		return Balances{Exchange: broken(caller, r, payout.Payout{})}
	}
	v, resources := classifyBalance(r.status, r.answer, c.cfg.DANAKey)
	return Balances{Exchange: understood(v, r.status, r.answer, payout.Payout{}), Resources: resources}
}

// balancePayload signs the bytes of "request" and puts the very same bytes into the
// envelope: DANA verifies what it received, not what it would have written.
func (c *Client) balancePayload(id string) ([]byte, error) {
	clientID := c.cfg.ClientID
	if clientID == "" {
		clientID = c.cfg.PartnerID
	}
	request, err := encode(struct {
		Head balanceHead `json:"head"`
		Body balanceBody `json:"body"`
	}{
		balanceHead{
			Version: "2.0", Function: balanceFunction, ClientID: clientID, ClientSecret: c.cfg.ClientSecret,
			ReqTime: jakarta.Format(c.cfg.Now()), ReqMsgID: id, Reserve: "{}",
		},
		balanceBody{c.cfg.MerchantID, []string{DepositBalance, AvailableBalance, TotalBalance}},
	})
	if err != nil {
		return nil, err
	}
	signature, err := signRSA(c.cfg.Key, string(request))
	if err != nil {
		return nil, err
	}
	return encode(struct {
		Request   json.RawMessage `json:"request"`
		Signature string          `json:"signature"`
	}{request, signature})
}

// classifyBalance reads an answer by resultStatus and resultCodeId. What is no answer of this
// API, or not in its table, is Unknown, and so are balances that key did not sign; DANA signs
// the bytes of "response", as we those of "request".
func classifyBalance(httpStatus int, answer []byte, key *rsa.PublicKey) (verdict, []Resource) {
	if len(answer) > maxAnswer {
		return unreadable(whyTooLarge), nil
	}
	if len(bytes.TrimSpace(answer)) == 0 {
		return unreadable(whyEmpty), nil
	}
	envelope, why := document(answer)
	if why != "" {
		return unreadable(why), nil
	}
	body := object(object(envelope["response"])["body"])
	result := object(body["resultInfo"])
	code := text(result["resultCodeId"])
	v := verdict{
		message: clean(string(mask([]byte(text(result["resultMsg"])))), 150),
		Outcome: statemachine.Outcome{Why: whyMalformedCode}, unclear: true, fault: true,
	}
	if code == "" || !isDigits(code) || len(code) > 16 {
		return v, nil
	}
	v.Outcome = statemachine.Outcome{Code: code, Why: whyUnlistedCode}
	v.fault = false
	m, listed := balanceCodes[text(result["resultStatus"])+code]
	switch {
	case httpStatus/100 != 2:
		v.Outcome.Why = whyContradiction // this API tells of failures under HTTP 200
		return v, nil
	case !listed:
		return v, nil
	}
	if m.kind == statemachine.Succeeded && key != nil &&
		!signedByDANA(key, envelope["response"], text(envelope["signature"]), func(response []byte) []byte { return response }) {
		v.Outcome.Why = whyWrongSignature
		return v, nil
	}
	v.Outcome.Kind, v.Outcome.Why, v.fault, v.unclear = m.kind, m.why, m.fault, false
	if m.kind != statemachine.Succeeded {
		return v, nil
	}
	return v, resources(body["merchantResourceInformations"])
}

func resources(raw json.RawMessage) []Resource {
	var list []fields
	_ = json.Unmarshal(raw, &list) // missing, null and other shapes leave it empty
	var all []Resource
	for _, f := range list {
		r := Resource{Type: clean(text(f["resourceType"]), 64)}
		// A JSON document inside a text; an object in its place is understood as well.
		v := object(f["value"])
		if inner := text(f["value"]); inner != "" {
			v, _ = document([]byte(inner)) // what cannot be read is no amount
		}
		if cents, err := strconv.ParseInt(text(v["amount"]), 10, 64); err == nil && text(v["currency"]) == money.IDR {
			r.Raw, r.Amount = text(v["amount"]), money.FromCents(cents)
		}
		all = append(all, r)
	}
	return all
}
