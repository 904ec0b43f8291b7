package sandbox

import (
	"encoding/json"
	"slices"
)

// The two Open APIs that DANA's test suites ask before they fund the deposit. Their models are in DANA's SDKs (Node, Python, PHP,
// Java; of the second in Go, too); no page describes them.
var (
	merchantInfoAPI = openAPI{"queryMerchantInfo", "/dana/member/merchant/queryMerchantInfo.htm",
		"dana.ap.bizprod.biz.service.openapi.merchant.queryMerchantInfo", (*Sandbox).merchantInfo}
	assetCardsAPI = openAPI{"queryAssetCardList", "/dana/member/asset/queryAssetCardList.htm",
		"dana.member.asset.queryAssetCardList", (*Sandbox).assetCards}
)

// merchantInfo answers who the merchant is and, if asked, what its accounts hold and whether they are frozen. The sandbox has one
// account; balances are JSON inside a text, in cents like those of the balance check.
func (s *Sandbox) merchantInfo(raw json.RawMessage) (result, map[string]any) {
	var in struct {
		RoleID    string `json:"roleId"`
		LoginType string `json:"loginType"`
		Accounts  bool   `json:"isQueryAccount"`
	}
	switch {
	case json.Unmarshal(raw, &in) != nil:
		return paramIllegal("body"), nil
	case in.LoginType != "ROLE": // MOBILE_NO: the sandbox's merchant has no phone number
		return paramIllegal("loginType"), nil
	}
	if res := s.merchant(in.RoleID); res != resultOK {
		return res, nil
	}
	info := map[string]any{"merchantId": in.RoleID, "officialName": "MERCHANT OF THE SANDBOX"}
	if in.Accounts {
		deposit := s.depositText()
		info["accounts"] = []map[string]string{{
			"accountNo": "1", "accountType": "MERCHANT_DEPOSIT_ACCOUNT", "currency": "IDR",
			"status": "ENABLE", "debitFreezeStatus": "ENABLE", "creditFreezeStatus": "ENABLE",
			"totalAmount": deposit, "availableAmount": deposit,
		}}
	}
	return resultOK, map[string]any{"merchantInformation": info}
}

// assetCards answers how the merchant's deposit can be funded: by one virtual account, which nobody can pay into here
// (POST /_sandbox/deposit does).
func (s *Sandbox) assetCards(raw json.RawMessage) (result, map[string]any) {
	var in struct {
		MemberID string   `json:"memberId"`
		Types    []string `json:"assetTypeList"`
	}
	if json.Unmarshal(raw, &in) != nil {
		return paramIllegal("body"), nil
	}
	if res := s.merchant(in.MemberID); res != resultOK {
		return res, nil
	}
	cards := []map[string]any{}
	if len(in.Types) == 0 || slices.Contains(in.Types, "VA_ACCOUNT") {
		cards = append(cards, map[string]any{
			"contactBizType": "GENERAL_CARD", "cardIndexNo": "8000000000000001", "cardNoLength": "16", "maskedCardNo": "8000********0001",
			"assetType": "VA_ACCOUNT", "holderName": map[string]string{"firstName": "MERCHANT", "lastName": "OF THE SANDBOX"},
			"instId": "BNIC1ID", "instOfficialName": "BNI", "expiryYear": "", "expiryMonth": "", "verified": "true", "enableStatus": "true",
		})
	}
	return resultOK, map[string]any{"assetCardList": cards}
}
