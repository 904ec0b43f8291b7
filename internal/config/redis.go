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
//	cert_file, key_file                  this program's own certificate and key (PEM), for servers that ask for one; with TLS
//	master                               the sentinels' name of the master
//	sentinel_username, sentinel_password how the sentinels are asked; without a login when not given
//
// The error says how a URL is written and never shows the one that was given.
func NewRedis(rawURL Secret, poolSize int) (redis.UniversalClient, error) {
	o, err := parseRedis(rawURL)
	if err != nil {
		return nil, err
	}
	return redis.NewUniversalClient(impatient(o, poolSize)), nil
}

// impatient bounds how long Redis is waited for.
func impatient(o *redis.UniversalOptions, poolSize int) *redis.UniversalOptions {
	// With go-redis's defaults (5 s each, 5 dials, 3 retries) a worker cut off from Redis
	// was busy for 100 s finding that out, long after another had taken over its payouts.
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = time.Second, time.Second, time.Second
	o.DialerRetries, o.MaxRetries = 1, 1
	o.ContextTimeoutEnabled = true
	o.PoolSize = poolSize
	return o
}

// RedisKind is what a Redis URL names.
type RedisKind string

// The kinds of Redis.
const (
	RedisServer   RedisKind = "redis"          // one server
	RedisSentinel RedisKind = "redis-sentinel" // sentinels that know its address
	RedisCluster  RedisKind = "redis-cluster"  // some nodes of a cluster
)

// RedisHost is one of the servers that a Redis URL names, as a connection of its own.
type RedisHost struct {
	Name   string // host:port
	Client *redis.Client
}

// RedisHosts is what kind of Redis a URL names, whether by TLS, and each server in it: the sentinels themselves, not
// the server that they know. The caller closes the connections. Nothing is dialled yet.
func RedisHosts(rawURL Secret) (kind RedisKind, secure bool, hosts []RedisHost, err error) {
	o, err := parseRedis(rawURL)
	if err != nil {
		return "", false, nil, err
	}
	one := *o
	one.IsClusterMode, one.MasterName = false, ""
	kind = RedisServer
	switch {
	case o.IsClusterMode:
		kind = RedisCluster
	case o.MasterName != "":
		kind = RedisSentinel
		one.DB, one.Username, one.Password = 0, o.SentinelUsername, o.SentinelPassword
	}
	for _, addr := range o.Addrs {
		host := one
		host.Addrs = []string{addr}
		hosts = append(hosts, RedisHost{addr, redis.NewClient(impatient(&host, 1).Simple())})
	}
	return kind, o.TLSConfig != nil, hosts, nil
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
	caFile, certFile, keyFile := take("ca_file"), take("cert_file"), take("key_file")
	if len(query) > 0 || kind == "" && len(o.Addrs) > 1 || // an unread option would be a setting not in force
		kind == "-sentinel" && o.MasterName == "" || o.IsClusterMode && o.DB != 0 || !secure && caFile+certFile+keyFile != "" {
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
		if o.TLSConfig.Certificates, err = readCertificate(certFile, keyFile); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// readCertificate is the certificate by which this program is known, none for no files.
func readCertificate(certFile, keyFile string) ([]tls.Certificate, error) {
	switch {
	case certFile == "" && keyFile == "":
		return nil, nil
	case certFile == "" || keyFile == "":
		return nil, errors.New("cert_file and key_file belong together; give both or none")
	}
	for name, path := range map[string]string{"cert_file": certFile, "key_file": keyFile} {
		if _, err := os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("%s %q cannot be read: %s", name, path, cause(err))
		}
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil { // its text may quote what is in the files
		return nil, fmt.Errorf("cert_file %q and key_file %q are no pair of a certificate and its key, as PEM", certFile, keyFile)
	}
	return []tls.Certificate{pair}, nil
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
