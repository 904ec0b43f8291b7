package metrics

import (
	"slices"

	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
	"github.com/salur-id/salur/internal/wakeup"
)

// other stands for a value that is not listed below: what comes from Redis or from another
// program must not become a new time series, nor show here what it holds.
const other = "other"

// label is a dimension of a metric, with all the values that it can have beside other.
type label struct {
	name   string
	values []string
}

var (
	apis = []string{
		"topup", "topup-status", "account-inquiry", "transfer-bank", "transfer-bank-status", "bank-account-inquiry", "balance", "access-token",
	}
	api     = label{"api", apis}
	outcome = label{"outcome", outcomes()}
	kind    = label{"kind", []string{string(payout.TopUp), string(payout.Bank)}}
	step    = label{"step", []string{string(statemachine.StepSend), string(statemachine.StepAnswer), string(statemachine.StepInquire)}}
	state   = label{"state", states(func(statemachine.State) bool { return true })}
	notOver = label{"state", states(func(s statemachine.State) bool { return !s.Final() })}
	queue   = label{"queue", []string{wakeup.QueueTopUp, wakeup.QueueBank, wakeup.QueueInquiry, wakeup.QueueNotify}}
)

// labels are those of each metric, in order. A metric that is not here has none.
var labels = map[string][]label{
	"salur_outcomes_total":                 {api, outcome},
	"salur_exchange_duration_seconds":      {api},
	"salur_transitions_total":              {{"from", state.values}, {"to", state.values}},
	"salur_sweeper_finds_total":            {{"what", []string{"lost_attempt", "lost_wakeup", "lost_notify", "expired", "resend_window", "archived_task", "lost_index", "orphan"}}},
	"salur_breaker_state":                  {{"api", append([]string{"webhook"}, apis...)}},
	"salur_hold":                           {{"by", []string{"person", "system"}}, {"cause", causes()}},
	"salur_notifies_total":                 {{"result", []string{"accepted", "unknown", "refused", "failed"}}},
	"salur_webhook_attempts_total":         {{"result", []string{"delivered", "refused", "timeout", "unreachable", "untrusted", "forbidden_address"}}},
	"salur_transactions":                   {state},
	"salur_transactions_rupiah":            {state},
	"salur_oldest_transaction_age_seconds": {notOver},
	"salur_open_payouts":                   {kind, step},
	"salur_queue_tasks":                    {queue, {"state", []string{"pending", "active", "scheduled", "retry", "archived", "completed"}}},
	"salur_queue_latency_seconds":          {queue},
	"salur_redis_setting_ok":               {{"setting", []string{"appendonly", "appendfsync", "aof_write", "maxmemory_policy", "version"}}},
}

// names are those of a metric's labels.
func names(metric string) []string {
	var all []string
	for _, l := range labels[metric] {
		all = append(all, l.name)
	}
	return all
}

// bounded are the values of a metric's labels, in order, with other for each that is not listed.
func bounded(metric string, values ...string) []string {
	for i, l := range labels[metric] {
		if !slices.Contains(l.values, values[i]) {
			values[i] = other
		}
	}
	return values
}

// outcomes are all that one exchange can prove.
func outcomes() []string {
	var all []string
	for k := statemachine.Kind(0); k.String() != "invalid"; k++ {
		all = append(all, k.String())
	}
	return all
}

func states(which func(statemachine.State) bool) []string {
	var all []string
	for _, s := range statemachine.States {
		if which(s) {
			all = append(all, string(s))
		}
	}
	return all
}

// causes are why sending can be held; a person's hold has the empty one.
func causes() []string {
	return []string{
		"", string(statemachine.CredentialsRefused), string(statemachine.InsufficientFunds), string(statemachine.MerchantLimit),
		string(statemachine.MerchantBlacklisted), string(statemachine.InvalidMerchant), string(statemachine.NotAllowed),
		"unreadable_hold", "holds_lost", "store_lost", "refused_alike", "low_balance", "limit_fee", "limit_payout", "limit_customer_day", "limit_minute",
	}
}
