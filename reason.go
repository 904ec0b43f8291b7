package salur

// Reason is why a payout is in its state, machine-readable. docs/reasons.md says what each means and what to do about
// it. New ones may be added: handle one that you do not know by the payout's state.
type Reason string

// The reasons. ReasonNone stands for none: a payout that is queued for the first time or has succeeded.
const (
	ReasonNone Reason = ""

	ReasonInProgress               Reason = "in_progress"                // DANA has the payout and works on it.
	ReasonRefusedAfterUnknown      Reason = "refused_after_unknown"      // DANA refused an attempt, but the outcome of an earlier attempt is unknown. It may have paid.
	ReasonExpired                  Reason = "expired"                    // The not-after time passed before anything was sent. Nobody was paid.
	ReasonExpiredAfterUnknown      Reason = "expired_after_unknown"      // The not-after time passed while the outcome of an attempt was unknown. It is not sent again.
	ReasonCancelled                Reason = "cancelled"                  // A person cancelled it before it was sent, or DANA says that it was cancelled (status 05).
	ReasonEchoMismatch             Reason = "echo_mismatch"              // DANA reported success, but of another reference, amount or currency. The history shows what DANA answered.
	ReasonOtherContent             Reason = "other_content"              // DANA knows the reference with other content, usually another payee. Its outcome does not prove anything about this payout.
	ReasonNotFound                 Reason = "not_found"                  // DANA says that it does not know the payout, several times in a row.
	ReasonNotFoundAfterKnown       Reason = "not_found_after_known"      // DANA does not know the payout any more, although it had accepted it before.
	ReasonExpiredNotFound          Reason = "expired_not_found"          // DANA does not know the payout, and its not-after time has passed. It is not sent again.
	ReasonResendsUsedUp            Reason = "resends_used_up"            // DANA did not find the payout after each permitted resend.
	ReasonCutOff                   Reason = "cut_off"                    // DANA did not report an end for as long as Salur asks (SALUR_INQUIRY_CUTOFF).
	ReasonResolved                 Reason = "resolved"                   // A person decided. The history says who and why.
	ReasonNameMismatch             Reason = "name_mismatch"              // The bank reports another name of the account's holder than the instruction.
	ReasonInstructionAltered       Reason = "instruction_altered"        // The instruction on record is not the one that was accepted. Salur does not send it.
	ReasonDeniedAlone              Reason = "denied_alone"               // DANA refuses the credentials (401) for this payout alone, and takes them for others.
	ReasonResendWindow             Reason = "resend_window"              // An attempt that may have paid is too old to be sent again.
	ReasonNotFoundAfterWindow      Reason = "not_found_after_window"     // DANA does not know the payout, and may have forgotten it.
	ReasonNameUnknown              Reason = "name_unknown"               // No name of the account's holder came from DANA. Nothing was sent.
	ReasonAttemptLost              Reason = "attempt_lost"               // A worker stopped between sending and recording the answer. The attempt may have paid.
	ReasonTimeout                  Reason = "timeout"                    // DANA did not answer in time. The attempt may have paid.
	ReasonConnectionLost           Reason = "connection_lost"            // The connection broke during the exchange. The attempt may have paid.
	ReasonNotConnected             Reason = "not_connected"              // No connection to DANA. Nothing was sent.
	ReasonRequestInvalid           Reason = "request_invalid"            // The instruction does not fit DANA's API. Nothing was sent.
	ReasonRequestNotBuilt          Reason = "request_not_built"          // The request could not be built. Nothing was sent.
	ReasonNoToken                  Reason = "no_token"                   // DANA gave no access token. Nothing was sent.
	ReasonBreakerOpen              Reason = "breaker_open"               // The account was not asked about, because the circuit breaker of that API is open.
	ReasonAnswerEmpty              Reason = "answer_empty"               // DANA's answer is empty. The attempt may have paid.
	ReasonAnswerTooLarge           Reason = "answer_too_large"           // DANA's answer is larger than any that its pages describe.
	ReasonAnswerUnreadable         Reason = "answer_unreadable"          // DANA's answer is not JSON, or not whole.
	ReasonAnswerAmbiguous          Reason = "answer_ambiguous"           // A field of DANA's answer is there two times.
	ReasonMalformedCode            Reason = "malformed_code"             // DANA's answer has no response code of seven digits.
	ReasonForeignService           Reason = "foreign_service"            // DANA's response code belongs to another API.
	ReasonStatusContradictsCode    Reason = "status_contradicts_code"    // The HTTP status and DANA's response code contradict each other.
	ReasonUnlistedCode             Reason = "unlisted_code"              // No page lists DANA's response code.
	ReasonUnlistedStatus           Reason = "unlisted_status"            // No page lists the latestTransactionStatus of DANA's answer.
	ReasonForeignReference         Reason = "foreign_reference"          // DANA's answer names another reference. It proves nothing about this payout.
	ReasonForeignAccount           Reason = "foreign_account"            // DANA's answer to the inquiry is about another account or customer.
	ReasonForeignAmount            Reason = "foreign_amount"             // DANA's answer to the inquiry is about another amount.
	ReasonEchoMissing              Reason = "echo_missing"               // DANA's answer does not say what it is about: its reference or amount is missing.
	ReasonCredentialsRefused       Reason = "credentials_refused"        // DANA refused the credentials (401). It did not look at the payout.
	ReasonInsufficientFunds        Reason = "insufficient_funds"         // The merchant's deposit does not cover the payout (xx14).
	ReasonMerchantLimit            Reason = "merchant_limit"             // The merchant's limit at DANA is used up (xx20).
	ReasonMerchantBlacklisted      Reason = "merchant_blacklisted"       // DANA has blacklisted the merchant (403xx19).
	ReasonInvalidMerchant          Reason = "invalid_merchant"           // DANA does not know the merchant, or it is not active (404xx08).
	ReasonNotAllowed               Reason = "not_allowed"                // DANA does not permit the merchant to use this API (403xx01, 403xx06, 405).
	ReasonDoNotHonor               Reason = "do_not_honor"               // The payee's account is frozen or not registered (403xx05).
	ReasonAmountLimitExceeded      Reason = "amount_limit_exceeded"      // The payment exceeds a limit of the payee's account (403xx02).
	ReasonInvalidAccount           Reason = "invalid_account"            // The payee's account or number does not exist (404xx11).
	ReasonInactiveAccount          Reason = "inactive_account"           // The account is not active (403xx18).
	ReasonDormantAccount           Reason = "dormant_account"            // The account is dormant (403xx09).
	ReasonNotRegistered            Reason = "not_registered"             // The payee is not registered (404xx05).
	ReasonAccountLimitExceeded     Reason = "account_limit_exceeded"     // The account's limit is exceeded (403xx23).
	ReasonBankNotSupported         Reason = "bank_not_supported"         // DANA does not pay to this bank (404xx03).
	ReasonSuspectedFraud           Reason = "suspected_fraud"            // DANA suspects fraud (403xx03).
	ReasonTransactionNotPermitted  Reason = "transaction_not_permitted"  // DANA does not permit this transaction (403xx15).
	ReasonFrequencyLimitExceeded   Reason = "frequency_limit_exceeded"   // Too many transactions (403xx04).
	ReasonLimitNotAllowed          Reason = "limit_not_allowed"          // DANA does not permit this limit (403xx21).
	ReasonBadRequest               Reason = "bad_request"                // DANA calls the request wrong (400xx00).
	ReasonInvalidFieldFormat       Reason = "invalid_field_format"       // DANA calls the form of a field wrong (400xx01).
	ReasonInvalidMandatoryField    Reason = "invalid_mandatory_field"    // DANA misses a field or calls it wrong (400xx02).
	ReasonInvalidAmount            Reason = "invalid_amount"             // DANA calls the amount wrong (404xx13).
	ReasonInvalidRouting           Reason = "invalid_routing"            // DANA cannot route the payment (404xx02).
	ReasonNoIssuer                 Reason = "no_issuer"                  // DANA knows no issuer for the payee (404xx09).
	ReasonInvalidCustomerToken     Reason = "invalid_customer_token"     // DANA refused the customer's token (401xx02).
	ReasonCustomerTokenNotFound    Reason = "customer_token_not_found"   // DANA does not know the customer's token (401xx04).
	ReasonCardBlocked              Reason = "card_blocked"               // The payee's card is blocked (403xx07).
	ReasonCardExpired              Reason = "card_expired"               // The payee's card has expired (403xx08).
	ReasonTokenLimitNotSet         Reason = "token_limit_not_set"        // No limit is set for the token (403xx10).
	ReasonTokenLimitExceeded       Reason = "token_limit_exceeded"       // The token's limit is exceeded (403xx17).
	ReasonTokenLimitInvalid        Reason = "token_limit_invalid"        // The token's limit is not valid (403xx22).
	ReasonOTPBlocked               Reason = "otp_blocked"                // A one-time password is blocked (403xx11).
	ReasonOTPExpired               Reason = "otp_expired"                // A one-time password has expired (403xx12).
	ReasonOTPRequired              Reason = "otp_required"               // DANA wants a one-time password (403xx13, 404xx06).
	ReasonInvalidOTP               Reason = "invalid_otp"                // A one-time password is wrong (404xx15).
	ReasonJourneyNotFound          Reason = "journey_not_found"          // DANA does not know the journey (404xx07).
	ReasonInvalidBill              Reason = "invalid_bill"               // DANA does not know the bill (404xx12).
	ReasonBillExpired              Reason = "bill_expired"               // The bill has expired (404xx19).
	ReasonInvalidTerminal          Reason = "invalid_terminal"           // DANA does not know the terminal (404xx17).
	ReasonInconsistentRequest      Reason = "inconsistent_request"       // DANA knows the reference with other content (404xx18). Whatever the inquiry says, a person decides.
	ReasonTooManyRequests          Reason = "too_many_requests"          // DANA limits the rate of requests (429). The attempt may have paid.
	ReasonGeneralError             Reason = "general_error"              // DANA reports a general error, or repeats the end of a failed number (500xx00). Only the inquiry can tell.
	ReasonInternalServerError      Reason = "internal_server_error"      // DANA reports an internal error (500xx01). The attempt may have paid.
	ReasonExternalServerError      Reason = "external_server_error"      // A server behind DANA failed (500xx02). The attempt may have paid.
	ReasonIssuerTimeout            Reason = "issuer_timeout"             // A server behind DANA did not answer in time (504xx00). The attempt may have paid.
	ReasonTransactionExpired       Reason = "transaction_expired"        // DANA speaks of a transaction that has expired (403xx00).
	ReasonTransactionSuspended     Reason = "transaction_suspended"      // DANA speaks of a transaction that is suspended (403xx16).
	ReasonTransactionCancelled     Reason = "transaction_cancelled"      // DANA speaks of a transaction that is cancelled (404xx04).
	ReasonInvalidTransactionStatus Reason = "invalid_transaction_status" // DANA speaks of a transaction in another state (404xx00).
	ReasonInvalidTransition        Reason = "invalid_transition"         // DANA speaks of a transaction that cannot change so (404xx10).
	ReasonAlreadyPaid              Reason = "already_paid"               // DANA speaks of a transaction that is already paid (404xx14).
	ReasonDuplicateExternalID      Reason = "duplicate_external_id"      // DANA has seen the X-EXTERNAL-ID before (409xx00).
	ReasonDuplicateReference       Reason = "duplicate_reference"        // DANA has seen the reference before (409xx01).
	ReasonSubmitted                Reason = "submitted"                  // DANA took the transfer and gave it to the bank.
	ReasonInitiated                Reason = "initiated"                  // DANA's status 01: initiated.
	ReasonPaying                   Reason = "paying"                     // DANA's status 02: paying.
	ReasonPending                  Reason = "pending"                    // DANA's status 03: pending.
	ReasonRefunded                 Reason = "refunded"                   // DANA's status 04: paid and taken back.
	ReasonFailed                   Reason = "failed"                     // DANA's status 06: failed. Nobody was paid.
	ReasonTransactionNotFound      Reason = "transaction_not_found"      // DANA does not know the reference, perhaps not yet (status 07, 404xx01).
)

// EventType is what happened to a payout, as its history says it. New ones may be added.
type EventType string

// The events of a history.
const (
	EventAccepted            EventType = "accepted"             // The payout is on record.
	EventTaken               EventType = "taken"                // A worker wrote an attempt on record, and sends it.
	EventAccountSucceeded    EventType = "account_succeeded"    // The question about the payee's account yielded success.
	EventAccountRefused      EventType = "account_refused"      // The question about the payee's account yielded that DANA refused it.
	EventAccountInconsistent EventType = "account_inconsistent" // The bank reports another name of the account's holder.
	EventAccountUnknown      EventType = "account_unknown"      // The question about the payee's account yielded nothing: the outcome is unknown.
	EventAccountThrottled    EventType = "account_throttled"    // The question about the payee's account yielded that DANA limits the rate of requests.
	EventAccountNotSent      EventType = "account_not_sent"     // The question about the payee's account yielded that nothing left this machine.
	EventAccountDenied       EventType = "account_denied"       // The question about the payee's account yielded that DANA refused the credentials.
	EventSendSucceeded       EventType = "send_succeeded"       // A send yielded success.
	EventSendInProgress      EventType = "send_in_progress"     // A send yielded that DANA works on it.
	EventSendRefused         EventType = "send_refused"         // A send yielded that DANA refused it.
	EventSendAskStatus       EventType = "send_ask_status"      // A send yielded that only an inquiry can tell.
	EventSendInconsistent    EventType = "send_inconsistent"    // A send yielded that DANA knows the reference with other content.
	EventSendUnknown         EventType = "send_unknown"         // A send yielded nothing: the outcome is unknown.
	EventSendThrottled       EventType = "send_throttled"       // A send yielded that DANA limits the rate of requests.
	EventSendNotSent         EventType = "send_not_sent"        // A send yielded that nothing left this machine.
	EventSendDenied          EventType = "send_denied"          // A send yielded that DANA refused the credentials.
	EventInquirySucceeded    EventType = "inquiry_succeeded"    // An inquiry yielded success.
	EventInquiryInProgress   EventType = "inquiry_in_progress"  // An inquiry yielded that DANA works on it.
	EventInquiryRefunded     EventType = "inquiry_refunded"     // An inquiry yielded that it was paid and taken back.
	EventInquiryFailed       EventType = "inquiry_failed"       // An inquiry yielded failure.
	EventInquiryNotFound     EventType = "inquiry_not_found"    // An inquiry yielded that DANA does not know the reference.
	EventInquiryUnknown      EventType = "inquiry_unknown"      // An inquiry yielded nothing: the outcome is unknown.
	EventInquiryThrottled    EventType = "inquiry_throttled"    // An inquiry yielded that DANA limits the rate of requests.
	EventInquiryNotSent      EventType = "inquiry_not_sent"     // An inquiry yielded that nothing left this machine.
	EventInquiryDenied       EventType = "inquiry_denied"       // An inquiry yielded that DANA refused the credentials.
	EventExpired             EventType = "expired"              // The not-after time passed.
	EventResendWindow        EventType = "resend_window"        // An attempt that may have paid became too old to be sent again.
	EventInquireNow          EventType = "inquire_now"          // A person, or a notification of DANA, wants DANA asked at once.
	EventResolved            EventType = "resolved"             // A person decided.
	EventCancelled           EventType = "cancelled"            // A person cancelled what was not sent.
	EventAltered             EventType = "altered"              // The instruction on record is not the one that was accepted.
)
