// Package doctor looks at everything that payouts rest on and tells what it finds, what that means
// for them, and what to do. It changes nothing and moves no money.
package doctor

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/danaclient"
)

// Level is how bad a finding is.
type Level string

// The levels.
const (
	OK      Level = "ok"
	Warning Level = "warning" // payouts go on; somebody should look
	Problem Level = "problem" // payouts stand still, or can be lost
)

// Finding is what one check found. Each text is one line.
type Finding struct {
	Check string `json:"check"` // the check's name, such as redis.appendonly
	Level Level  `json:"level"`
	Found string `json:"found"`
	Means string `json:"means,omitempty"` // for payouts; empty when all is well
	Do    string `json:"do,omitempty"`    // about it; empty when all is well
	// Unreachable: what was to be checked could not be talked to.
	Unreachable bool `json:"unreachable,omitempty"`
}

func fine(check, found string) Finding { return Finding{Check: check, Level: OK, Found: found} }

// Patient is what is looked at.
type Patient struct {
	Config config.Config
	Redis  redis.UniversalClient
	DANA   *danaclient.Client
	Base   string // DANA's address
	Now    func() time.Time
}

// Examine makes every check. It takes a few seconds, at most about a minute when things do not answer.
func (p Patient) Examine(ctx context.Context) []Finding {
	findings := settings(p.Config, p.Base)
	findings = append(findings, key(p.Config)...)
	answers, found := redisReached(ctx, p.Redis, p.Config.RedisURL)
	findings = append(findings, found)
	if answers {
		w := writes(ctx, p.Redis)
		setUp := Redis(ctx, p.Redis)
		for i, f := range setUp { // of a full Redis both speak, and of what it does with writes only one knows
			if f.Check == "redis.memory" && f.Level == Problem && w.Level == Problem {
				setUp[i].Means = w.Means
			}
		}
		findings = append(append(findings, setUp...), w, memoryUsage(ctx, p.Redis))
		findings = append(findings, redisClock(ctx, p.Redis, p.Now))
		findings = append(findings, store(ctx, p))
		findings = append(findings, payouts(ctx, p.Redis, p.Now, outlook{fundedByPerson: !p.Config.Worker.ResumeWhenFunded, refused: w.Level == Problem})...)
	}
	return append(findings, dana(ctx, p)...)
}
