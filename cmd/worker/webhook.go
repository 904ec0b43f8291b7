package main

import (
	"context"
	"fmt"
	"time"

	"github.com/salur-id/salur/internal/cli"
	"github.com/salur-id/salur/internal/courier"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/metrics"
	"github.com/salur-id/salur/internal/webhook"
)

// tell makes the courier that posts outcomes to the merchant's webhook. It has connections of
// its own, so that no number of deliveries takes those of payouts. What happens once it is made is told.
func (s *system) tell(ctx context.Context, m *metrics.Metrics, owner string) error {
	hook := s.cfg.Webhook
	secrets := make([]string, len(hook.Secrets))
	for i, secret := range hook.Secrets {
		secrets[i] = string(secret)
	}
	receiver, err := webhook.New(webhook.Config{
		URL: string(hook.URL), Secrets: secrets, AllowPrivate: hook.AllowPrivate, MaxConns: courier.Concurrency, Now: time.Now,
	})
	if err != nil {
		return fmt.Errorf("SALUR_WEBHOOK_URL, SALUR_WEBHOOK_SECRET: %w", err)
	}
	if s.telling, err = cli.Connect(ctx, s.cfg.RedisURL, courier.Connections); err != nil {
		return err
	}
	s.courier = courier.New(courier.Config{
		Redis: s.telling, Receiver: receiver, Owner: owner, Grace: s.cfg.Worker.SweepInterval, Retention: s.cfg.Worker.Retention,
		PutAside: s.putAside, Now: time.Now, Log: s.log, Metrics: m,
	})
	m.Registry.MustRegister(metrics.NewOutbox(ledger.NewOutbox(s.telling), time.Now, s.log))
	return s.courier.Begin(ctx)
}
