package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// errRedisURL does not quote the URL, which may carry a password.
var errRedisURL = errors.New("use redis://[user:password@]host:port/db, " +
	"redis-sentinel://[user:password@]host:port,host:port/db?master=NAME or redis-cluster://[user:password@]host:port,host:port; " +
	"rediss, rediss-sentinel and rediss-cluster for TLS")

// NewRedis connects to what REDIS_URL names; poolSize is the most connections to one
// server, 0 for go-redis's own choice. Nothing is dialled yet. In a sentinel URL, user
// and password are those of the Redis servers; the sentinels' own are parameters:
//
//	ca_file                              certificates (PEM) to trust in the system's place; with TLS
//	master                               the sentinels' name of the master
//	sentinel_username, sentinel_password how the sentinels are asked; without a login when not given
//
// The error says how a URL is written and never shows the one that was given.
func NewRedis(rawURL Secret, poolSize int) (redis.UniversalClient, error) {
	o, err := parseRedis(rawURL)
	if err != nil {
		return nil, err
	}
	// With go-redis's defaults (5 s each, 5 dials, 3 retries) a worker cut off from Redis
	// was busy for 100 s finding that out, long after another had taken over its payouts.
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = time.Second, time.Second, time.Second
	o.DialerRetries, o.MaxRetries = 1, 1
	o.ContextTimeoutEnabled = true
	o.PoolSize = poolSize
	return redis.NewUniversalClient(o), nil
}

// RedisName is the address in a Redis URL for people and logs: hosts, database and
// sentinel master, without user and password. It is empty for what is no Redis URL.
func RedisName(rawURL Secret) string {
	o, err := parseRedis(rawURL)
	if err != nil {
		return ""
	}
	name := strings.Join(o.Addrs, ",")
	if !o.IsClusterMode {
		name += "/" + strconv.Itoa(o.DB)
	}
	if o.MasterName != "" {
		name += " (sentinel master " + o.MasterName + ")"
	}
	return name
}

// parseRedis reads the forms of REDIS_URL. package net/url takes one host only, so
// that the list of hosts is cut out first.
func parseRedis(rawURL Secret) (*redis.UniversalOptions, error) {
	scheme, rest, _ := strings.Cut(string(rawURL), "://")
	kind, secure := strings.CutPrefix(scheme, "rediss")
	if !secure {
		var known bool
		if kind, known = strings.CutPrefix(scheme, "redis"); !known {
			return nil, errRedisURL
		}
	}
	if kind == "-cluster" { // the scheme may be repeated before every host
		rest = strings.ReplaceAll(rest, ","+scheme+"://", ",")
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	login, hosts := rest[:strings.LastIndex(rest[:end], "@")+1], rest[strings.LastIndex(rest[:end], "@")+1:end]
	u, err := url.Parse("redis://" + login + "host" + rest[end:])
	if err != nil || u.Fragment != "" {
		return nil, errRedisURL
	}

	o := &redis.UniversalOptions{Username: u.User.Username()}
	o.Password, _ = u.User.Password()
	port, query := "6379", u.Query()
	take := func(name string) string {
		defer query.Del(name)
		return query.Get(name)
	}
	switch kind {
	case "":
	case "-sentinel":
		port = "26379"
		o.MasterName, o.SentinelUsername, o.SentinelPassword = take("master"), take("sentinel_username"), take("sentinel_password")
	case "-cluster":
		o.IsClusterMode = true
	default:
		return nil, errRedisURL
	}
	for host := range strings.SplitSeq(hosts, ",") {
		if !strings.Contains(host[strings.LastIndex(host, "]")+1:], ":") {
			host += ":" + port
		}
		if !validHostPort(host) || strings.HasPrefix(host, ":") {
			return nil, errRedisURL
		}
		o.Addrs = append(o.Addrs, host)
	}
	if db := strings.Trim(u.Path, "/"); db != "" {
		n, err := strconv.ParseUint(db, 10, 16)
		if err != nil {
			return nil, errRedisURL
		}
		o.DB = int(n)
	}
	caFile := take("ca_file")
	if len(query) > 0 || kind == "" && len(o.Addrs) > 1 || // an unread option would be a setting not in force
		kind == "-sentinel" && o.MasterName == "" || o.IsClusterMode && o.DB != 0 || caFile != "" && !secure {
		return nil, errRedisURL
	}
	if secure {
		// Behind sentinels and in a cluster each server goes by its own name.
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		if kind == "" {
			o.TLSConfig.ServerName, _, _ = net.SplitHostPort(o.Addrs[0]) // checked above
		}
		if caFile != "" {
			if o.TLSConfig.RootCAs, err = readCAs(caFile); err != nil {
				return nil, err
			}
		}
	}
	return o, nil
}

// readCAs trusts the certificates of a file and no others.
func readCAs(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("ca_file %q cannot be read: %s", path, cause(err))
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("ca_file %q holds no certificate; put the authority's into it, as PEM", path)
	}
	return pool, nil
}
