package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/payout"
)

// audit takes out of a worker's audit file each exchange about the payout: those under its X-EXTERNAL-IDs, and those
// whose request names its reference.
func (e *evidence) audit(ctx context.Context, name string, ids map[string]bool, s scrubber) error {
	f, err := os.Open(name)
	if err != nil {
		return cli.Fail(cli.Invalid, fmt.Errorf("--audit: %w", err))
	}
	defer f.Close()
	e.AuditFiles = append(e.AuditFiles, name)
	quoted, err := json.Marshal(e.Payout.Ref)
	if err != nil {
		return err
	}
	// In a body, which is a text in the record, quotes are written with a backslash.
	inBody := []byte(strings.ReplaceAll(strings.ReplaceAll(string(quoted), `\`, `\\`), `"`, `\"`))
	lines := bufio.NewReaderSize(f, 1<<20)
	for ctx.Err() == nil {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("--audit %q: %w", name, err)
		}
		if bytes.Contains(line, inBody) || containsAny(line, ids) {
			e.exchange(line, ids, s)
		}
		if err != nil {
			return nil
		}
	}
	return ctx.Err()
}

func containsAny(line []byte, ids map[string]bool) bool {
	for id := range ids {
		if bytes.Contains(line, []byte(id)) {
			return true
		}
	}
	return false
}

// exchange adds the record on a line, if it is about the payout.
func (e *evidence) exchange(line []byte, ids map[string]bool, s scrubber) {
	var r danaclient.AuditRecord
	if json.Unmarshal(line, &r) != nil {
		e.AuditUnreadable++
		return
	}
	var body struct {
		Ref      string `json:"partnerReferenceNo"`
		Original string `json:"originalPartnerReferenceNo"`
	}
	_ = json.Unmarshal([]byte(r.RequestBody), &body) // of another exchange, or cut: then its id tells
	if !ids[r.Request["X-External-Id"]] && body.Ref != e.Payout.Ref && body.Original != e.Payout.Ref {
		return
	}
	r.RequestBody, r.AnswerBody, r.Error, r.URL = s.clean(r.RequestBody), s.clean(r.AnswerBody), s.clean(r.Error), s.clean(r.URL)
	r.Request, r.Answer = s.headers(r.Request), s.headers(r.Answer)
	e.Exchanges = append(e.Exchanges, r)
}

// scrubber hides what is personal about the payout, and what looks like it.
type scrubber struct{ payout.Scrubber }

func (s scrubber) clean(text string) string { return danaclient.Mask(s.Clean(text)) }

// headers hides credentials, which an audit file does not hold; but here it is only known what it is called.
func (s scrubber) headers(all map[string]string) map[string]string {
	for name, value := range all {
		switch name {
		// With the public key a signature tells whether a guess of the body is right.
		case "Authorization", "Authorization-Customer", "Cookie", "Set-Cookie", "X-Signature":
			all[name] = "****"
		case "X-External-Id", "X-Timestamp", "X-Partner-Id":
		default:
			all[name] = s.clean(value)
		}
	}
	return all
}
