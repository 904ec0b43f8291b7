package main

import (
	"bufio"
	"context"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
)

// checkRedis warns of settings under which Redis can forget a payout that was accepted.
// It reads INFO, which managed services allow where they forbid CONFIG.
func checkRedis(ctx context.Context, rdb redis.UniversalClient, log *zap.Logger) {
	text, err := rdb.Info(ctx).Result()
	if err != nil {
		log.Warn("Redis does not tell its settings; see to appendonly yes and maxmemory-policy noeviction yourself", zap.Error(err))
		return
	}
	for _, finding := range redisFindings(text) {
		log.Warn("REDIS CAN LOSE PAYOUTS: " + finding)
	}
}

// redisFindings explains what in the answer of INFO puts payouts at risk.
func redisFindings(info string) []string {
	set := map[string]string{}
	for lines := bufio.NewScanner(strings.NewReader(info)); lines.Scan(); {
		if k, v, ok := strings.Cut(strings.TrimSpace(lines.Text()), ":"); ok {
			set[k] = v
		}
	}
	var findings []string
	if set["aof_enabled"] == "0" {
		findings = append(findings, "appendonly is no, so a restart forgets everything since the last snapshot; set appendonly yes (and appendfsync always for no loss at all)")
	}
	if p := set["maxmemory_policy"]; p != "" && p != "noeviction" {
		findings = append(findings, "maxmemory-policy is "+p+", so a full Redis throws payouts away; set maxmemory-policy noeviction")
	}
	if v := set["redis_version"]; v != "" && older(v, 6, 2) {
		findings = append(findings, "version "+v+" is older than 6.2, which the queue needs")
	}
	return findings
}

func older(version string, major, minor int) bool {
	a, rest, _ := strings.Cut(version, ".")
	b, _, _ := strings.Cut(rest, ".")
	x, err1 := strconv.Atoi(a)
	y, err2 := strconv.Atoi(b)
	return err1 == nil && err2 == nil && (x < major || x == major && y < minor)
}
