package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/wakeup"
)

// Connect connects to Redis, which must answer within 3 s (Unreachable) and be what REDIS_URL says that it is
// (Invalid); the caller closes it. poolSize is as for config.NewRedis.
func Connect(ctx context.Context, url config.Secret, poolSize int) (redis.UniversalClient, error) {
	rdb, err := NewRedis(url, poolSize)
	if err != nil {
		return nil, Fail(Invalid, fmt.Errorf("REDIS_URL: %w", err))
	}
	if err := CheckRedis(ctx, url); err != nil {
		_ = rdb.Close()
		return nil, err
	}
	if err := Ping(ctx, rdb); err != nil {
		_ = rdb.Close()
		fix := ""
		if alerted(err) {
			fix = "; if it asks for a certificate, give cert_file and key_file"
		}
		return nil, Fail(Unreachable, fmt.Errorf("REDIS_URL %s cannot be reached: %w%s", config.RedisName(url), err, fix))
	}
	return rdb, nil
}

// NewRedis is config.NewRedis for a connection on which queues are looked at too.
func NewRedis(url config.Secret, poolSize int) (redis.UniversalClient, error) {
	rdb, err := config.NewRedis(url, poolSize)
	if err == nil {
		wakeup.WithoutMemory(rdb)
	}
	return rdb, err
}

// Ping reads from Redis, for at most 3 s; in a cluster, from the node that has the ledger.
func Ping(ctx context.Context, rdb redis.UniversalClient) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	return ledger.NewRedis(rdb).Ping(ctx)
}

// CheckRedis asks the servers in a Redis URL, for at most 3 s, whether they are what it says: one server, sentinels or
// a cluster, with or without TLS. Otherwise payouts would be recorded where no worker finds all of them, or
// the reason would be a broken connection. A server that does not answer INFO is taken for what the URL says, and one
// that cannot be reached is not judged.
func CheckRedis(ctx context.Context, url config.Secret) error {
	kind, secure, hosts, err := config.RedisHosts(url)
	if err != nil {
		return Fail(Invalid, fmt.Errorf("REDIS_URL: %w", err))
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	for _, host := range hosts {
		defer host.Client.Close()
	}
	for _, host := range hosts {
		text, err := host.Client.Info(ctx, "server").Result()
		var reply redis.Error
		switch mode := ledger.Info(text)["redis_mode"]; {
		case err != nil && !errors.As(err, &reply):
			if wrong := wrongTLS(ctx, host.Name, secure); wrong != "" {
				return Fail(Invalid, fmt.Errorf("REDIS_URL: %s %s", host.Name, wrong))
			}
			// It is away: another one may answer.
		case is[mode] == "" || is[mode] == kind:
			return nil
		default:
			return Fail(Invalid, fmt.Errorf("REDIS_URL: %s", mismatch(host.Name, is[mode], kind)))
		}
	}
	return nil
}

// is what INFO's redis_mode means in a URL.
var is = map[string]config.RedisKind{
	"standalone": config.RedisServer, "sentinel": config.RedisSentinel, "cluster": config.RedisCluster,
}

// mismatch says what a server is and how it is named.
func mismatch(host string, found, named config.RedisKind) string {
	switch found {
	case config.RedisCluster:
		return host + ": this server is part of a cluster, use redis-cluster://"
	case config.RedisSentinel:
		return host + ": this server is a sentinel, use redis-sentinel://HOST:PORT,…/0?master=NAME"
	}
	if named == config.RedisSentinel {
		return host + ": this server is no sentinel but a Redis by itself, use redis:// or name the sentinels (port 26379)"
	}
	return host + ": this server is part of no cluster, use redis://"
}

// alerted reports whether the other side ended a TLS handshake with an alert, as one that asks for a certificate does.
func alerted(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) && network.Op == "remote error" // crypto/tls has no type for it
}

// wrongTLS says that the server at an address speaks TLS and the URL does not, or the other way round; empty when
// it is neither. It sends no login.
func wrongTLS(ctx context.Context, addr string, secure bool) string {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return ""
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline) // a connection that takes none fails below
	if !secure {
		// Whose certificate it is does not matter: nothing is said.
		err := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx) //nolint:gosec // see above
		if err == nil || alerted(err) {
			return "speaks TLS; use rediss:// in place of redis:// (rediss-sentinel://, rediss-cluster://)"
		}
		return ""
	}
	first := make([]byte, 1)
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return ""
	}
	if _, err := io.ReadFull(conn, first); err == nil && (first[0] == '+' || first[0] == '-') {
		return "does not speak TLS; use redis:// in place of rediss:// (redis-sentinel://, redis-cluster://), or its port for TLS"
	}
	return ""
}
