package main

import (
	"context"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/doctor"
)

// checkRedis warns of what doctor finds wrong with how Redis is set up: it can forget a payout
// that was accepted, or not take one.
func checkRedis(ctx context.Context, rdb redis.UniversalClient, log *zap.Logger) {
	for _, f := range doctor.Redis(ctx, rdb) {
		switch f.Level {
		case doctor.Problem:
			log.Warn("REDIS CAN LOSE PAYOUTS OR REFUSE THEM: "+f.Found+": "+f.Means, zap.String("check", f.Check), zap.String("do", f.Do))
		case doctor.Warning:
			log.Info("Redis: "+f.Found+": "+f.Means, zap.String("check", f.Check), zap.String("do", f.Do))
		}
	}
}
