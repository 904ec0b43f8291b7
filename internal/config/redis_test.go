package config_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/redistest"
)

func TestRedisForms(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		url, name  string
		db         int
		user, pass string
		tlsName    string
	}{
		{"redis://127.0.0.1:6379/0", "127.0.0.1:6379/0", 0, "", "", ""},
		{"redis://redis", "redis:6379/0", 0, "", "", ""},
		{"redis://[::1]:7000/3", "[::1]:7000/3", 3, "", "", ""},
		{"redis://[::1]/", "[::1]:6379/0", 0, "", "", ""},
		{"redis://:p%40s%2Fs@h:1/15", "h:1/15", 15, "", "p@s/s", ""},
		{"redis://u:p@ss@h:1/1", "h:1/1", 1, "u", "p@ss", ""},
		{"rediss://u:p@h:1", "h:1/0", 0, "u", "p", "h"},
	} {
		t.Run(tc.url, func(t *testing.T) {
			t.Parallel()
			client, err := config.NewRedis(config.Secret(tc.url), 7)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			o := client.(*redis.Client).Options()
			if o.DB != tc.db || o.Username != tc.user || o.Password != tc.pass || o.PoolSize != 7 {
				t.Errorf("db %d, user %q, password %q, pool %d", o.DB, o.Username, o.Password, o.PoolSize)
			}
			if (o.TLSConfig != nil) != (tc.tlsName != "") ||
				o.TLSConfig != nil && (o.TLSConfig.ServerName != tc.tlsName || o.TLSConfig.MinVersion != tls.VersionTLS12) {
				t.Errorf("TLS %+v", o.TLSConfig)
			}
			if o.DialTimeout != time.Second || o.ReadTimeout != time.Second || o.WriteTimeout != time.Second ||
				o.DialerRetries != 1 || o.MaxRetries != 1 || !o.ContextTimeoutEnabled {
				t.Errorf("not tuned: %+v", o)
			}
			if got := config.RedisName(config.Secret(tc.url)); got != tc.name {
				t.Errorf("name %q, want %q", got, tc.name)
			}
		})
	}
}

func TestRedisCluster(t *testing.T) {
	t.Parallel()
	for _, url := range []config.Secret{
		"redis-cluster://u:p@h1:1,h2:2", "redis-cluster://u:p@h1:1,redis-cluster://h2:2/0",
	} {
		client, err := config.NewRedis(url, 7)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		o := client.(*redis.ClusterClient).Options()
		if strings.Join(o.Addrs, " ") != "h1:1 h2:2" || o.Username != "u" || o.Password != "p" || o.PoolSize != 7 ||
			o.DialTimeout != time.Second || o.DialerRetries != 1 || !o.ContextTimeoutEnabled {
			t.Errorf("%+v", o)
		}
		if got := config.RedisName(url); got != "h1:1,h2:2" {
			t.Errorf("name %q", got)
		}
	}
	client, err := config.NewRedis("redis-cluster://h1:1", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, ok := client.(*redis.ClusterClient); !ok {
		t.Errorf("one seed makes a %T", client)
	}
}

// The sentinel names the master; the database and the password of the URL are used there.
func TestRedisSentinel(t *testing.T) {
	t.Parallel()
	master, sentinel := miniredis.RunT(t), miniredis.RunT(t)
	master.RequireUserAuth("u", "hunter2")
	err := sentinel.Server().Register("SENTINEL", func(c *server.Peer, cmd string, args []string) {
		switch {
		case strings.EqualFold(args[0], "get-master-addr-by-name") && args[1] == "salur":
			c.WriteStrings([]string{master.Host(), master.Port()})
		case strings.EqualFold(args[0], "sentinels"):
			c.WriteLen(0)
		default:
			c.WriteNull()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	url := config.Secret("redis-sentinel://u:hunter2@" + sentinel.Addr() + "," + sentinel.Addr() + "/3?master=salur")
	client, err := config.NewRedis(url, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Set(t.Context(), "key", "value", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if got, err := master.DB(3).Get("key"); err != nil || got != "value" {
		t.Errorf("in database 3: %q, %v", got, err)
	}
	want := sentinel.Addr() + "," + sentinel.Addr() + "/3 (sentinel master salur)"
	if got := config.RedisName(url); got != want {
		t.Errorf("name %q, want %q", got, want)
	}
	if got := config.RedisName("redis-sentinel://h?master=m"); got != "h:26379/0 (sentinel master m)" {
		t.Errorf("name %q", got)
	}
}

// The sentinels have a login of their own, and TLS is the same for all forms.
func TestRedisParameters(t *testing.T) {
	t.Parallel()
	o, err := config.RedisOptions("rediss-sentinel://u:p@h1,h2/2?master=m&sentinel_username=su&sentinel_password=s%40p")
	if err != nil {
		t.Fatal(err)
	}
	if o.Password != "p" || o.SentinelUsername != "su" || o.SentinelPassword != "s@p" || o.MasterName != "m" || o.DB != 2 || o.TLSConfig == nil || o.TLSConfig.ServerName != "" {
		t.Errorf("%+v", o)
	}
	ca := redistest.NewCA(t)
	for _, url := range []config.Secret{"rediss-cluster://h1,h2", "rediss-cluster://h1,rediss-cluster://h2?ca_file=" + config.Secret(ca), "rediss://h?ca_file=" + config.Secret(ca)} {
		o, err := config.RedisOptions(url)
		if err != nil {
			t.Fatal(err)
		}
		if o.TLSConfig == nil || (o.TLSConfig.RootCAs != nil) != strings.Contains(string(url), "ca_file") {
			t.Errorf("%s: %+v", string(url), o.TLSConfig)
		}
	}
	for url, says := range map[config.Secret]string{
		"redis://h?ca_file=" + config.Secret(ca): "use redis://", // it would not be looked at
		"rediss://h?ca_file=/nowhere.pem":        `ca_file "/nowhere.pem" cannot be read`,
		"rediss://h?ca_file=redis_test.go":       "holds no certificate",
		"redis://h?sentinel_password=hunter2":    "use redis://",
	} {
		if _, err := config.NewRedis(url, 0); err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", string(url), err)
		}
	}
}

func TestRedisRefused(t *testing.T) {
	t.Parallel()
	for _, url := range []config.Secret{
		"", "hunter2", "hunter2:6379", "http://h:1", "redis://", "redis://:hunter2@", "redis://:6379",
		"redis://u:hunter2@h:x", "redis://u:hunter2@h:1/x", "redis://u:hunter2@h:1/-1", "redis://u:hunter2@h:1/0/1",
		"redis://u:hunter2@h1:1,h2:2", "redis://u:hunter2@h:1?db=2", "redis://u:hunter2@h:1/0#x",
		"redis://u:hunter%zz@h:1", "redis://:hun#ter2@h:1", "redis-sentinel://u:hunter2@h1:1",
		"redis-sentinel://h1:1?master=m&password=hunter2", "redis-sentinel://h1:1,?master=m",
		"redis-cluster://u:hunter2@h1:1/1", "redis-cluster://h1:1?master=hunter2", "REDIS-CLUSTER://h1:1",
	} {
		_, err := config.NewRedis(url, 0)
		if err == nil {
			t.Errorf("%q is accepted", string(url))
			continue
		}
		if err.Error() != refusedRedis {
			t.Errorf("%q: %v", string(url), err)
		}
		if name := config.RedisName(url); name != "" {
			t.Errorf("%q is called %q", string(url), name)
		}
	}
}

// A server that accepts and then says nothing must not hold a caller for long.
func TestRedisGivesUpSoon(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	client, err := config.NewRedis(config.Secret("redis://"+silent.Addr().String()), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	start := time.Now()
	err = client.Ping(t.Context()).Err()
	if err == nil || time.Since(start) > 8*time.Second {
		t.Errorf("%v after %s", err, time.Since(start))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start = time.Now()
	if err := client.Ping(ctx).Err(); !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) || time.Since(start) > time.Second {
		t.Errorf("%v after %s, though the context ended", err, time.Since(start))
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func FuzzRedisURL(f *testing.F) {
	for _, url := range []string{"redis://u:p@h:1/2", "redis-sentinel://h1:1,h2:2/3?master=m", "redis-cluster://h:1,redis-cluster://h:2",
		"rediss://[::1]", "redis://", "redis://@,?/", "://", "redis-sentinel://a@b@c:1?master=x"} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		client, err := config.NewRedis(config.Secret(url), 1)
		name := config.RedisName(config.Secret(url))
		if (err == nil) != (name != "") {
			t.Fatalf("error %v, name %q", err, name)
		}
		if err == nil {
			if strings.Contains(name, "@") {
				t.Errorf("name %q has a login in it", name)
			}
			client.Close()
		}
	})
}
