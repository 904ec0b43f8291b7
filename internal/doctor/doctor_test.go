package doctor

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/danaclient"
	"github.com/salur-id/salur/internal/gate"
	"github.com/salur-id/salur/internal/ledger"
	"github.com/salur-id/salur/internal/money"
	"github.com/salur-id/salur/internal/redistest"
	"github.com/salur-id/salur/internal/sandbox"
)

// wants holds findings to "check level", with a part of what is found behind it.
func wants(t *testing.T, findings []Finding, check string, level Level, found string) {
	t.Helper()
	for _, f := range findings {
		if f.Check != check {
			continue
		}
		if f.Level != level || !strings.Contains(f.Found, found) {
			t.Errorf("%s: %+v, want %s: %s", check, f, level, found)
		}
		if (f.Level != OK) != (f.Means != "" && f.Do != "") {
			t.Errorf("%s is %s and is explained by %q, %q", check, f.Level, f.Means, f.Do)
		}
		return
	}
	t.Errorf("there is no %s in %+v", check, findings)
}

// What real servers that are set up badly, and well, say is understood.
func TestRedisAsItIsSetUp(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, check string
		options     []string
		level       Level
		found       string
	}{
		{"no file", "redis.appendonly", []string{"--appendonly", "no"}, Problem, "appendonly is no"},
		{"a file", "redis.appendonly", []string{"--appendonly", "yes"}, OK, "yes"},
		{"written", "redis.appendonly.status", []string{"--appendonly", "yes"}, OK, "is written"},
		{"always", "redis.appendfsync", []string{"--appendonly", "yes", "--appendfsync", "always"}, OK, "always"},
		{"everysec", "redis.appendfsync", []string{"--appendonly", "yes", "--appendfsync", "everysec"}, Warning, "everysec"},
		{"never", "redis.appendfsync", []string{"--appendonly", "yes", "--appendfsync", "no"}, Problem, "appendfsync is no"},
		{"not told", "redis.appendfsync", []string{"--appendonly", "yes", "--rename-command", "CONFIG", ""}, OK, "not told"},
		{"evicts", "redis.eviction", []string{"--maxmemory-policy", "allkeys-lru"}, Problem, "allkeys-lru"},
		{"keeps", "redis.eviction", nil, OK, "noeviction"},
		{"full", "redis.memory", []string{"--maxmemory", "500kb"}, Problem, "% full"},
		{"roomy", "redis.memory", []string{"--maxmemory", "1gb"}, OK, "(maxmemory)"},
		{"new", "redis.version", nil, OK, "version"},
		{"a replica", "redis.role", []string{"--replicaof", "127.0.0.1", "1"}, Problem, "replica"},
		{"silent", "redis.info", []string{"--rename-command", "INFO", ""}, Warning, "does not tell"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			wants(t, Redis(t.Context(), redistest.Start(t, tc.options...).Client()), tc.check, tc.level, tc.found)
		})
	}
}

func TestInfo(t *testing.T) {
	t.Parallel()
	const nearly = "used_memory:80\nmaxmemory:100"
	for _, tc := range []struct {
		info, check string
		level       Level
	}{
		{"redis_version:6.0.20", "redis.version", Problem},
		{"redis_version:6.2.0", "redis.version", OK},
		{"aof_enabled:1\naof_last_write_status:err", "redis.appendonly.status", Problem},
		{"rdb_last_bgsave_status:err", "redis.snapshot", Problem},
		{nearly, "redis.memory", Warning},
		{"role:master\nconnected_slaves:0", "redis.replicas", Problem},
		{"role:master\nconnected_slaves:1", "redis.replicas", OK},
		{"role:master\nconnected_slaves:1", "redis.min-replicas", Warning},
		{"role:master\nconnected_slaves:1\nmin_slaves_good_slaves:1", "redis.min-replicas", OK},
	} {
		wants(t, Info(ledger.Info(tc.info), true), tc.check, tc.level, "")
	}
	if found := Info(nil, true); len(found) > 0 {
		t.Errorf("of what is not told: %+v", found)
	}
}

func TestClusterOfWhichANodeIsAway(t *testing.T) {
	t.Parallel()
	c := redistest.StartCluster(t, "--appendonly", "yes")
	rdb, err := config.NewRedis(config.Secret(c.URL()), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer rdb.Close()
	found := Redis(t.Context(), rdb)
	wants(t, found, "redis.cluster", OK, "3 masters")
	if n := strings.Count(strings.Join(checks(found), " "), "redis.eviction"); n != 3 {
		t.Errorf("%d nodes were looked at", n)
	}
	c.Node("asynq:{bank}:pending").Kill()
	redistest.Await(t, "the cluster to notice", func() bool {
		for _, f := range Redis(t.Context(), rdb) {
			if f.Check == "redis.cluster" && f.Level == Problem {
				return true
			}
		}
		return false
	})
}

func checks(findings []Finding) (names []string) {
	for _, f := range findings {
		names = append(names, f.Check)
	}
	return names
}

func TestPayouts(t *testing.T) {
	t.Parallel()
	ctx, now := t.Context(), time.Now()
	rdb := redistest.Start(t).Client()
	well := payouts(ctx, rdb, time.Now, outlook{})
	for _, check := range []string{"hold", "payouts", "review", "webhook"} {
		wants(t, well, check, OK, "")
	}
	wants(t, well, "workers", Warning, "none")

	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	inspector := asynq.NewInspectorFromRedisClient(rdb)
	client := asynq.NewClientFromRedisClient(rdb)
	for _, q := range []string{"topup", "bank"} {
		_, err := client.Enqueue(asynq.NewTask("x", nil), asynq.Queue(q), asynq.TaskID("1"))
		must(err)
	}
	must(inspector.ArchiveTask("topup", "1"))
	must(inspector.PauseQueue("bank"))
	_, err := client.Enqueue(asynq.NewTask("x", nil), asynq.Queue("inquiry"), asynq.TaskID("1"))
	must(err)
	must(rdb.HSet(ctx, "asynq:{inquiry}:t:1", "pending_since", now.Add(-time.Hour).UnixNano()).Err())
	must(gate.HoldByPerson(ctx, rdb, "holiday", "Sari", now))
	must(rdb.ZAdd(ctx, "salur:{topup}:state:review", redis.Z{Score: 1, Member: "R"}).Err())
	must(rdb.ZAdd(ctx, "salur:{topup}:outbox:since", redis.Z{Score: 1, Member: "R"}).Err())
	ill := payouts(ctx, rdb, time.Now, outlook{})
	wants(t, ill, "hold", Problem, "Sari")
	wants(t, ill, "review", Warning, "1 payouts")
	wants(t, ill, "queue.topup.archived", Warning, "1 tasks")
	wants(t, ill, "queue.bank", Problem, "paused")
	wants(t, ill, "queue.inquiry", Warning, "1h0m0s")
	wants(t, ill, "webhook", Warning, "the oldest")
	must(rdb.ZAdd(ctx, "salur:{topup}:outbox:given-up", redis.Z{Score: 1, Member: "R"}).Err())
	wants(t, payouts(ctx, rdb, time.Now, outlook{}), "webhook", Warning, "given up")
	wants(t, []Finding{redisClock(ctx, rdb, time.Now)}, "clock.redis", OK, "agree")
	wants(t, []Finding{redisClock(ctx, rdb, func() time.Time { return time.Now().Add(10 * time.Second) })}, "clock.redis", Warning, "ahead of")
	wants(t, []Finding{redisClock(ctx, rdb, func() time.Time { return time.Now().Add(-time.Hour) })}, "clock.redis", Problem, "behind")
}

func TestSettingsAndKey(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key.pem")
	der, err := x509.MarshalPKCS8PrivateKey(ours())
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	c := config.Config{DANA: config.DANA{PrivateKey: config.Secret(text), PrivateKeyPath: file}}
	wants(t, key(c), "key", OK, "2048 bits")
	wants(t, key(c), "key.file", OK, "0600")
	if err := os.Chmod(file, 0o604); err != nil {
		t.Fatal(err)
	}
	wants(t, key(c), "key.file", Warning, "0604")
	c.DANA.PrivateKey = "rubbish"
	wants(t, key(c), "key", Problem, "")
	for addr, level := range map[string]Level{"127.0.0.1:8080": OK, "localhost:1": OK, "[::1]:1": OK, ":8080": Warning, "0.0.0.0:1": Warning, "10.0.0.1:1": Warning} {
		c.HTTP.Addr = addr
		wants(t, settings(c, ""), "web", level, addr)
	}
	c.HTTP.UIUser = "u"
	wants(t, settings(c, ""), "web", OK, "password")
	c.Worker.AfterLoss = true
	wants(t, settings(c, ""), "settings.after_loss", Warning, "SALUR_AFTER_LOSS")
}

var ours = sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// look is what is found of the DANA at an address.
func look(t *testing.T, base string, key *rsa.PrivateKey) []Finding {
	t.Helper()
	cfg := danaclient.Config{
		BaseURL: base, PartnerID: "merchant", Origin: "o", ChannelID: "95221", Key: key, Timeout: 2 * time.Second, MaxConns: 1,
		MerchantID: "m", ClientSecret: "s", ClientID: "merchant", Now: time.Now,
	}
	client, err := danaclient.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c := config.Config{DANA: config.DANA{MerchantID: "m", ClientSecret: "s"}}
	return dana(t.Context(), Patient{Config: c, DANA: client, Base: base, Now: time.Now})
}

func TestDANA(t *testing.T) {
	t.Parallel()
	box, err := sandbox.New(sandbox.Config{
		PartnerID: "merchant", PublicKey: &ours().PublicKey, MerchantID: "m", ClientSecret: "s", Deposit: money.Rupiah(100), Hang: time.Second, Now: time.Now, Strict: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	good := httptest.NewServer(box)
	defer good.Close()
	found := look(t, good.URL, ours())
	for _, check := range []string{"dana", "clock.dana", "dana.credentials", "dana.balance"} {
		wants(t, found, check, OK, "")
	}
	if n := len(box.State().Transactions); n > 0 {
		t.Errorf("%d payouts were made", n)
	}
	wants(t, look(t, good.URL, newKey()), "dana.credentials", Problem, "401")
	if empty, err := sandbox.New(sandbox.Config{
		PartnerID: "merchant", PublicKey: &ours().PublicKey, MerchantID: "m", ClientSecret: "s", Deposit: money.Rupiah(0), Hang: time.Second, Now: time.Now, Strict: true,
	}); err != nil {
		t.Fatal(err)
	} else {
		defer empty.Close()
		web := httptest.NewServer(empty)
		defer web.Close()
		wants(t, look(t, web.URL, ours()), "dana.balance", Problem, "the deposit is")
	}

	for name, tc := range map[string]struct {
		serve http.HandlerFunc
		check string
		level Level
		found string
	}{
		"not let in": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, "dana.credentials", Problem, ""},
		"broken":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "dana.credentials", Warning, "HTTP 502"},
		"hangs up": {func(_ http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				panic(http.ErrAbortHandler)
			}
		}, "dana.credentials", Problem, "no answer"},
		"another time": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		}, "clock.dana", Problem, "ahead of"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			web := httptest.NewServer(tc.serve)
			defer web.Close()
			wants(t, look(t, web.URL, ours()), tc.check, tc.level, tc.found)
		})
	}
	secure := httptest.NewTLSServer(box)
	defer secure.Close()
	wants(t, look(t, secure.URL, ours()), "dana", Problem, "certificate")
	wants(t, look(t, "https://nowhere.invalid", ours()), "dana", Problem, "nowhere.invalid")
	closed := httptest.NewServer(box)
	closed.Close()
	found = look(t, closed.URL, ours())
	wants(t, found, "dana", Problem, "cannot be reached")
	if !found[0].Unreachable || len(found) != 1 {
		t.Errorf("%+v", found)
	}
}
