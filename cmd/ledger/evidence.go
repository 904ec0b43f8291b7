package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/jakarta"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/payout"
	"github.com/salur-id/salur/internal/statemachine"
)

func (p *program) evidenceCommand() *cobra.Command {
	var out string
	var audits []string
	c := &cobra.Command{
		Use:   "evidence REF",
		Short: "Write one file with all that is known about a payout, masked, for a dispute",
		Long: `evidence writes everything that is on record about a payout into one JSON file for its owner alone: the payout, its
whole history with each attempt and the answers that were kept, what the webhook could not be told and, out of the workers'
audit files (SALUR_AUDIT_FILE) that are named, each exchange with DANA. Phone numbers, customer ids, account numbers
and names are masked, and there are no secrets in it. A file that exists is never overwritten.

It prints the file's SHA-256 the way sha256sum does, so that sha256sum -c tells later whether the file was changed.`,
		Args: cli.OneArg,
		RunE: func(c *cobra.Command, args []string) error {
			rdb, err := p.look(c)
			if err != nil {
				return err
			}
			defer rdb.Close()
			ref := args[0]
			e, err := gather(c.Context(), rdb, ref, audits)
			if err != nil {
				return about(ref, err)
			}
			if out == "" {
				out = "evidence-" + fileName(ref) + ".json"
			}
			digest, err := e.write(out)
			if err != nil {
				return err
			}
			if p.json {
				return cli.PrintJSON(c.OutOrStdout(), struct {
					Ref       string `json:"ref"`
					File      string `json:"file"`
					SHA256    string `json:"sha256"`
					Exchanges int    `json:"exchanges"`
				}{ref, out, digest, len(e.Exchanges)})
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s  %s\n", digest, out)
			return err
		},
	}
	c.Flags().StringVar(&out, "out", "", "the file to write; evidence-REF.json when not set")
	c.Flags().StringArrayVar(&audits, "audit", nil, "an audit file of the workers (SALUR_AUDIT_FILE); can be given several times")
	return c
}

// evidence is all that is known about a payout. The order of its fields is the order of the file.
type evidence struct {
	Format  string `json:"format"`
	Made    string `json:"madeAt"`
	Program string `json:"program"`

	Payout  evidencePayout  `json:"payout"`
	Record  evidenceRecord  `json:"record"`
	History []evidenceEntry `json:"history"`
	Webhook evidenceWebhook `json:"webhook"`

	AuditFiles []string `json:"auditFiles"`
	// AuditUnreadable counts lines of the audit files that name the payout but cannot be read, such as one that a full
	// disk has cut.
	AuditUnreadable int                      `json:"auditLinesUnreadable"`
	Exchanges       []danaclient.AuditRecord `json:"exchanges"`
}

// evidencePayout is the instruction. It has no fingerprint of what is masked: without a key, trying all phone numbers finds the one.
type evidencePayout struct {
	Ref          string       `json:"ref"`
	Kind         payout.Kind  `json:"kind"`
	Amount       money.Amount `json:"amount"`
	Fee          money.Amount `json:"fee"`
	Customer     string       `json:"customer"`
	BankCode     string       `json:"bankCode,omitempty"`
	Bank         string       `json:"bank,omitempty"`
	Account      string       `json:"account,omitempty"`
	AccountName  string       `json:"accountName,omitempty"` // **** if there is one
	Notes        string       `json:"notes,omitempty"`       // **** if there are some
	FundType     string       `json:"fundType,omitempty"`
	ChargeTarget string       `json:"chargeTarget,omitempty"`
	Division     string       `json:"division,omitempty"`
	Validate     bool         `json:"validate"`
	NotAfter     string       `json:"notAfter,omitempty"`
	By           string       `json:"by,omitempty"`
}

// evidenceRecord is how the payout stands.
type evidenceRecord struct {
	State           statemachine.State `json:"state"`
	Reason          string             `json:"reason"`
	DANAReferenceNo string             `json:"danaReferenceNo"`
	Attempts        int                `json:"attempts"`
	Inquiries       int                `json:"inquiries"`
	Resends         int                `json:"resends"`
	CreatedAt       string             `json:"createdAt"`
	UpdatedAt       string             `json:"updatedAt"`
	EndedAt         string             `json:"endedAt,omitempty"`
	NextActionAt    string             `json:"nextActionAt,omitempty"`
	Version         int64              `json:"version"`
}

type evidenceEntry struct {
	At           string               `json:"at"`
	From         statemachine.State   `json:"from"`
	To           statemachine.State   `json:"to"`
	Event        statemachine.Trigger `json:"event"`
	Detail       string               `json:"detail"`
	Times        int                  `json:"times,omitempty"` // it happened so often in a row,
	Since        string               `json:"since,omitempty"` // first at this time
	ResponseCode string               `json:"responseCode"`
	ExternalID   string               `json:"externalId"`
	Answer       string               `json:"answer,omitempty"` // as it came, where it could not be understood
	// Answered is what DANA's answer was about, where that is not this payout.
	Answered statemachine.Answered `json:"answered,omitzero"`
}

// evidenceWebhook is what the merchant's own webhook has not been told.
type evidenceWebhook struct {
	Waiting []evidenceOutcome `json:"waiting"`
	GivenUp []undelivered     `json:"givenUp"`
}

type evidenceOutcome struct {
	ID    string             `json:"id"`
	State statemachine.State `json:"state"`
	At    string             `json:"at"`
}

// gather reads all of it.
func gather(ctx context.Context, rdb redis.UniversalClient, ref string, audits []string) (*evidence, error) {
	l := ledger.NewRedis(rdb)
	rec, err := l.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	history, err := l.History(ctx, ref)
	if err != nil {
		return nil, err
	}
	ended, err := l.Ended(ctx, []string{ref})
	if err != nil {
		return nil, err
	}
	s := scrubber{rec.Payout.Scrubber()}
	e := &evidence{
		Format: "salur evidence 1", Made: jakarta.Stamp(time.Now()), Program: "ledger " + cli.Version(),
		Payout: describePayout(rec, s), Record: describeRecord(rec, ended[0]), History: []evidenceEntry{},
		AuditFiles: []string{}, Exchanges: []danaclient.AuditRecord{},
	}
	ids := map[string]bool{}
	for _, h := range history {
		entry := evidenceEntry{
			At: jakarta.Stamp(h.At), From: h.From, To: h.To, Event: h.Event, Detail: s.clean(h.Detail), Times: h.Times,
			ResponseCode: h.ResponseCode, ExternalID: h.ExternalID, Answer: s.clean(h.Answer), Answered: h.Answered,
		}
		if !h.Since.IsZero() {
			entry.Since = jakarta.Stamp(h.Since)
		}
		if h.ExternalID != "" {
			ids[h.ExternalID] = true
		}
		e.History = append(e.History, entry)
	}
	if e.Webhook, err = describeWebhook(ctx, rdb, ref); err != nil {
		return nil, err
	}
	for _, name := range audits {
		if err := e.audit(ctx, name, ids, s); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(e.Exchanges, func(a, b danaclient.AuditRecord) int { return a.At.Compare(b.At) })
	return e, nil
}

func describePayout(rec ledger.Record, s scrubber) evidencePayout {
	p := rec.Payout
	hidden := func(text string) string {
		if text == "" {
			return ""
		}
		return "****"
	}
	d := evidencePayout{
		Ref: p.Ref, Kind: p.Kind, Amount: p.Amount, Fee: money.Rupiah(0).Add(p.Fee), Customer: p.MaskedCustomer(),
		AccountName: hidden(p.AccountName), Notes: hidden(p.Notes), FundType: p.FundType, ChargeTarget: p.ChargeTarget, Division: p.Division,
		Validate: p.Validate, By: s.clean(rec.By),
	}
	if p.Kind == payout.Bank {
		d.BankCode, d.Bank, d.Account = p.BankCode, payout.BankName(p.BankCode), payout.Mask(p.Account)
	}
	if !p.NotAfter.IsZero() {
		d.NotAfter = jakarta.Stamp(p.NotAfter)
	}
	return d
}

func describeRecord(rec ledger.Record, ended time.Time) evidenceRecord {
	tx := rec.Tx
	d := evidenceRecord{
		State: tx.State, Reason: tx.Reason, DANAReferenceNo: tx.ReferenceNo, Attempts: tx.Attempts, Inquiries: tx.Inquiries, Resends: tx.Resends,
		CreatedAt: jakarta.Stamp(rec.CreatedAt), UpdatedAt: jakarta.Stamp(rec.UpdatedAt), Version: rec.Version,
	}
	if !ended.IsZero() {
		d.EndedAt = jakarta.Stamp(ended)
	}
	if tx.Next != statemachine.StepNone {
		d.NextActionAt = jakarta.Stamp(tx.DueAt)
	}
	return d
}

func describeWebhook(ctx context.Context, rdb redis.UniversalClient, ref string) (evidenceWebhook, error) {
	w := evidenceWebhook{[]evidenceOutcome{}, []undelivered{}}
	waiting, givenUp, err := ledger.NewOutbox(rdb).Of(ctx, ref)
	if err != nil {
		return w, err
	}
	for _, o := range waiting {
		w.Waiting = append(w.Waiting, evidenceOutcome{o.ID, o.To, jakarta.Stamp(o.At)})
	}
	for _, u := range givenUp {
		w.GivenUp = append(w.GivenUp, newUndelivered(u))
	}
	return w, nil
}

// write writes the file, which must not exist, for its owner alone, and returns its SHA-256 in hex.
func (e *evidence) write(name string) (digest string, err error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(e); err != nil {
		return "", fmt.Errorf("writing the evidence: %w", err)
	}
	err = cli.CreatePrivate(name, []byte(b.String()))
	if errors.Is(err, fs.ErrExist) {
		return "", refuse("--out %q: the file exists and is not overwritten; name another", name)
	}
	if err != nil {
		return "", cli.Fail(cli.Invalid, fmt.Errorf("--out %q: cannot be written: %w", name, err))
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:]), nil
}

// fileName is a reference as part of a file's name: it may hold a slash.
func fileName(ref string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '_'
	}, ref)
}
