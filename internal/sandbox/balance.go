package sandbox

import (
	"encoding/json"
	"strconv"
)

// balanceAPI is Check Disbursement Account.
var balanceAPI = openAPI{"queryMerchantResource", "/dana/merchant/queryMerchantResource.htm", "dana.merchant.queryMerchantResource", (*Sandbox).balance}

// SystemErrorMerchant is the requestMerchantId that the balance check answers SYSTEM_ERROR.
const SystemErrorMerchant = "216620000000000000900"

type resource struct {
	Type string `json:"resourceType"`
	// Value is JSON inside a text: {"amount":"…","currency":"IDR"}, amount in cents as
	// digits. Cents is what DANA's documentation says; it is unconfirmed on the wire.
	Value string `json:"value"`
}

// balance answers what the merchant's accounts hold.
func (s *Sandbox) balance(raw json.RawMessage) (result, map[string]any) {
	var in struct {
		MerchantID string   `json:"requestMerchantId"`
		Resources  []string `json:"merchantResourceInfoList"`
	}
	if json.Unmarshal(raw, &in) != nil {
		return paramIllegal("body"), nil
	}
	if len(in.Resources) == 0 {
		return paramIllegal("merchantResourceInfoList"), nil
	}
	for _, name := range in.Resources {
		switch name {
		case "MERCHANT_DEPOSIT_BALANCE", "MERCHANT_AVAILABLE_BALANCE", "MERCHANT_TOTAL_BALANCE":
		default:
			return paramIllegal("merchantResourceInfoList"), nil
		}
	}
	if res := s.merchant(in.MerchantID); res != resultOK {
		return res, nil
	}
	list := make([]resource, len(in.Resources)) // the sandbox has one account, so they are all the deposit
	for i, name := range in.Resources {
		list[i] = resource{name, s.depositText()}
	}
	return resultOK, map[string]any{"merchantResourceInformations": list}
}

// merchant picks the row for a merchant id.
func (s *Sandbox) merchant(id string) result {
	switch {
	case id == SystemErrorMerchant:
		return systemError
	case id == "" || id != s.cfg.MerchantID:
		return merchantNotExist
	}
	return resultOK
}

// depositText is the deposit as JSON inside a text.
func (s *Sandbox) depositText() string {
	b, _ := s.open()
	defer s.mu.Unlock()
	return `{"amount":"` + strconv.FormatInt(b.deposit.Cents(), 10) + `","currency":"IDR"}`
}
