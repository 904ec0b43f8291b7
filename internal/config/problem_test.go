package config_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/salur-id/salur/internal/config"
)

const (
	refusedRedis = "use redis://[user:password@]host:port/db, redis-sentinel://[user:password@]host:port,host:port/db?master=NAME " +
		"or redis-cluster://[user:password@]host:port,host:port; rediss, rediss-sentinel and rediss-cluster for TLS"
	refusedURL  = "use an absolute http or https URL without user, query and fragment, such as https://api.example.com"
	refusedList = "use durations of more than 0 and at most 24h with commas between them, such as 5s,10s"
	refusedWord = "use printable ASCII characters without spaces"
	refusedAddr = "use host:port, such as 127.0.0.1:8080"

	refusedPath      = "use the path that DANA calls, such as /v1.0/debit/emoney/transfer-bank/notify.htm: a slash, then letters, digits and /-._~"
	refusedPublicKey = "is not an RSA public key of 2048 bits or more; use DANA's, in PEM (BEGIN PUBLIC KEY) or bare base64"
)

// Every value that the environment can have and that is refused, by its exact line.
func TestRefusedValues(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ pair, want string }{
		{"REDIS_URL=localhost", "REDIS_URL: " + refusedRedis},
		{"DANA_ENV=prod", `DANA_ENV "prod": use sandbox or production`},
		{"ENV=staging", `ENV "staging": can only say sandbox; set DANA_ENV to sandbox or production, which decides`},
		{"ENV=Production", `ENV "Production": can only say sandbox; set DANA_ENV to sandbox or production, which decides`},
		{"DANA_BASE_URL=api.example.com", `DANA_BASE_URL "api.example.com": ` + refusedURL},
		{"DANA_BASE_URL=ftp://example.com", `DANA_BASE_URL "ftp://example.com": ` + refusedURL},
		{"DANA_BASE_URL=https://", `DANA_BASE_URL "https://": ` + refusedURL},
		{"DANA_BASE_URL=https://:443", `DANA_BASE_URL "https://:443": ` + refusedURL},
		{"DANA_BASE_URL=https://example.com?a=b", `DANA_BASE_URL "https://example.com?a=b": ` + refusedURL},
		{"DANA_BASE_URL=https://example.com/#", `DANA_BASE_URL "https://example.com/#": ` + refusedURL},
		{"DANA_BASE_URL=https://u:hunter2@example.com", "DANA_BASE_URL: " + refusedURL},
		{"SALUR_DANA_TIMEOUT=8", `SALUR_DANA_TIMEOUT "8": use a duration from 100ms to 1m0s, such as 10s`},
		{"SALUR_DANA_TIMEOUT=99ms", `SALUR_DANA_TIMEOUT "99ms": use a duration from 100ms to 1m0s, such as 10s`},
		{"SALUR_DANA_TIMEOUT=61s", `SALUR_DANA_TIMEOUT "61s": use a duration from 100ms to 1m0s, such as 10s`},
		{"X_PARTNER_ID=a b", `X_PARTNER_ID "a b": ` + refusedWord},
		{"ORIGIN=exam\nple.id\n", `ORIGIN "exam\nple.id": ` + refusedWord},
		{"CLIENT_SECRET=hunter2 \n", "CLIENT_SECRET: has a space, a line break or another character in it that no such secret has; copy it again"},
		{"PRIVATE_KEY=/run/secrets/hunter2/private_key.pem\n", "PRIVATE_KEY: is the path of a file, not a key; set PRIVATE_KEY_PATH to it instead"},
		{"PRIVATE_KEY=./keys/private", "PRIVATE_KEY: is the path of a file, not a key; set PRIVATE_KEY_PATH to it instead"},
		{"PRIVATE_KEY=hunter2.pem", "PRIVATE_KEY: is the path of a file, not a key; set PRIVATE_KEY_PATH to it instead"},
		{`PRIVATE_KEY=C:\keys\hunter2.txt`, "PRIVATE_KEY: is the path of a file, not a key; set PRIVATE_KEY_PATH to it instead"},
		{"CHANNEL_ID=é", `CHANNEL_ID "é": ` + refusedWord},
		{"SALUR_SIGNATURE=symmetric", `SALUR_SIGNATURE "symmetric": needs CLIENT_SECRET; set it in the environment, or use asymmetric`},
		{"SALUR_SIGNATURE=none", `SALUR_SIGNATURE "none": use asymmetric or symmetric`},
		{"SALUR_DANA_PATHS=/rest", `SALUR_DANA_PATHS "/rest": use rest or htm`},
		{"SALUR_HTTP_ADDR=8080", `SALUR_HTTP_ADDR "8080": ` + refusedAddr},
		{"SALUR_HTTP_ADDR=localhost:http", `SALUR_HTTP_ADDR "localhost:http": ` + refusedAddr},
		{"SALUR_HTTP_ADDR=localhost:65536", `SALUR_HTTP_ADDR "localhost:65536": ` + refusedAddr},
		{"SALUR_HTTP_ADDR=http://localhost:80", `SALUR_HTTP_ADDR "http://localhost:80": ` + refusedAddr},
		{"SALUR_NOTIFY_ADDR=:8081", "DANA_PUBLIC_KEY: is required with SALUR_NOTIFY_ADDR; set it or DANA_PUBLIC_KEY_PATH in the environment, or dana_public_key_path in the configuration file"},
		{"SALUR_NOTIFY_PATH=v1.0/notify.htm", `SALUR_NOTIFY_PATH "v1.0/notify.htm": ` + refusedPath},
		{"SALUR_NOTIFY_PATH=/notify?a=b", `SALUR_NOTIFY_PATH "/notify?a=b": ` + refusedPath},
		{"SALUR_NOTIFY_PATH=/not%69fy", `SALUR_NOTIFY_PATH "/not%69fy": ` + refusedPath},
		{"DANA_PUBLIC_KEY=hunter2", "DANA_PUBLIC_KEY: " + refusedPublicKey},
		{"DANA_PUBLIC_KEY=-----BEGIN PRIVATE KEY-----hunter2-----END PRIVATE KEY-----", "DANA_PUBLIC_KEY: " + refusedPublicKey},
		{"DANA_PUBLIC_KEY_PATH=/nowhere", `DANA_PUBLIC_KEY_PATH "/nowhere": cannot be read: no such file or directory`},
		{"SALUR_BANK_RETRY_DELAYS=0s", `SALUR_BANK_RETRY_DELAYS "0s": ` + refusedList},
		{"SALUR_NAME_MISMATCH=refuse", `SALUR_NAME_MISMATCH "refuse": use review, failed or off`},
		{"SALUR_UI_USER=u", "SALUR_UI_USER: is set without SALUR_UI_PASSWORD; set both or neither"},
		{"SALUR_UI_PASSWORD=hunter2", "SALUR_UI_PASSWORD: is set without SALUR_UI_USER; set both or neither"},
		{"SALUR_CONCURRENCY=0", `SALUR_CONCURRENCY "0": use a whole number from 1 to 10000`},
		{"SALUR_CONCURRENCY=10001", `SALUR_CONCURRENCY "10001": use a whole number from 1 to 10000`},
		{"SALUR_CONCURRENCY=1.5", `SALUR_CONCURRENCY "1.5": use a whole number from 1 to 10000`},
		{"SALUR_TOPUP_RETRY_DELAYS=5s,,1s", `SALUR_TOPUP_RETRY_DELAYS "5s,,1s": ` + refusedList},
		{"SALUR_TOPUP_RETRY_DELAYS=0s", `SALUR_TOPUP_RETRY_DELAYS "0s": ` + refusedList},
		{"SALUR_INQUIRY_DELAYS=-1s", `SALUR_INQUIRY_DELAYS "-1s": ` + refusedList},
		{"SALUR_INQUIRY_DELAYS=1s,24h1ns", `SALUR_INQUIRY_DELAYS "1s,24h1ns": ` + refusedList},
		{"SALUR_INQUIRY_CUTOFF=0", `SALUR_INQUIRY_CUTOFF "0": use a duration of more than 0, such as 30s`},
		{"SALUR_RESEND_WINDOW=0", `SALUR_RESEND_WINDOW "0": use a duration of more than 0, such as 30s`},
		{"SALUR_NOT_FOUND_CONFIRMATIONS=0", `SALUR_NOT_FOUND_CONFIRMATIONS "0": use a whole number, 1 or more`},
		{"SALUR_RESEND_LIMIT=-1", `SALUR_RESEND_LIMIT "-1": use a whole number, 0 or more`},
		{"SALUR_NOT_FOUND_ACTION=drop", `SALUR_NOT_FOUND_ACTION "drop": use resend, failed or review`},
		{"SALUR_BREAKER_FAILURES=0", `SALUR_BREAKER_FAILURES "0": use a whole number, 1 or more`},
		{"SALUR_BREAKER_OPEN_FOR=soon", `SALUR_BREAKER_OPEN_FOR "soon": use a duration of more than 0, such as 30s`},
		{"SALUR_RATE_LIMIT=-1", `SALUR_RATE_LIMIT "-1": use a whole number, 0 or more`},
		{"SALUR_RATE_LIMIT=99999999999", `SALUR_RATE_LIMIT "99999999999": use a whole number, 0 or more`},
		{"SALUR_SWEEP_INTERVAL=-15s", `SALUR_SWEEP_INTERVAL "-15s": use a duration of more than 0, such as 30s`},
		{"SALUR_RETENTION=59m", `SALUR_RETENTION "59m": use a duration of 1h0m0s or more, such as 24h`},
		{"SALUR_WEBHOOK_ALLOW_PRIVATE=yes", `SALUR_WEBHOOK_ALLOW_PRIVATE "yes": use true or false`},
		{"SALUR_WEBHOOK_URL=https://example.com/hunter2", "SALUR_WEBHOOK_URL: is set without SALUR_WEBHOOK_SECRET; set both or neither"},
		{"SALUR_WEBHOOK_SECRET=" + whsec, "SALUR_WEBHOOK_SECRET: is set without SALUR_WEBHOOK_URL; set both or neither"},
		{"SALUR_LOG_LEVEL=fatal", `SALUR_LOG_LEVEL "fatal": use debug, info, warn or error`},
		{"SALUR_LOG_FORMAT=xml", `SALUR_LOG_FORMAT "xml": use json or console`},
		{"SALUR_DANA_TIMEOT=8s", "SALUR_DANA_TIMEOT: does not exist; did you mean SALUR_DANA_TIMEOUT?"},
		{"SALUR_REDIS_URL=redis://:hunter2@h", "SALUR_REDIS_URL: does not exist; did you mean REDIS_URL?"},
		{"SALUR_COLOUR_OF_THE_LOGO=red", "SALUR_COLOUR_OF_THE_LOGO: does not exist; remove it (--help lists what there is)"},
		{"SALUR_CONFIG=/nowhere/salur.yaml", `SALUR_CONFIG "/nowhere/salur.yaml": cannot be read: no such file or directory`},
	} {
		t.Run(tc.pair, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(config.Options{Needs: needAll, Environ: append(credentials[:3:3], tc.pair)})
			if err == nil || err.Error() != tc.want {
				t.Errorf("got\n%v\nwant\n%s", err, tc.want)
			}
		})
	}
}

// Two keys, or a bad one beside a bad address: a line for each, and none shows a key.
func TestNotifyProblems(t *testing.T) {
	t.Parallel()
	_, text := danaKey()
	private := write(t, "private.pem", "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n")
	empty := write(t, "empty.pem", "\n")
	for _, tc := range []struct {
		environ []string
		want    string
	}{
		{[]string{"DANA_PUBLIC_KEY=" + text, "DANA_PUBLIC_KEY_PATH=" + private},
			fmt.Sprintf("DANA_PUBLIC_KEY_PATH %q: %s\nDANA_PUBLIC_KEY: DANA_PUBLIC_KEY_PATH is set as well; set one of the two", private, refusedPublicKey)},
		{[]string{"SALUR_NOTIFY_ADDR=8081", "DANA_PUBLIC_KEY_PATH=" + empty},
			fmt.Sprintf("SALUR_NOTIFY_ADDR \"8081\": %s\nDANA_PUBLIC_KEY_PATH %q: %s", refusedAddr, empty, refusedPublicKey)},
		{[]string{"SALUR_NOTIFY_ADDR=:8081", "DANA_PUBLIC_KEY=hunter2"}, "DANA_PUBLIC_KEY: " + refusedPublicKey},
	} {
		_, err := config.Load(config.Options{Needs: needAll, Environ: append(credentials[:3:3], tc.environ...)})
		if err == nil || err.Error() != tc.want {
			t.Errorf("got\n%v\nwant\n%s", err, tc.want)
		}
	}
}

func TestProblemsAcrossLayers(t *testing.T) {
	t.Parallel()
	const rest = "origin: o\nx_partner_id: p\n"
	empty := write(t, "empty.pem", " \n")
	for _, tc := range []struct {
		name    string
		file    string // %s in want is its path
		environ []string
		args    []string
		want    string
	}{
		{"nothing", "", nil, nil, "X_PARTNER_ID: is required; set it in the environment, or x_partner_id in the configuration file\n" +
			"ORIGIN: is required; set it in the environment, or origin in the configuration file\n" +
			"PRIVATE_KEY: is required; set it or PRIVATE_KEY_PATH in the environment, or private_key_path in the configuration file"},
		{"both keys in the environment", rest, []string{"PRIVATE_KEY=hunter2", "PRIVATE_KEY_PATH=" + empty}, nil,
			fmt.Sprintf("PRIVATE_KEY_PATH %q: is empty; put the private key into it\nPRIVATE_KEY: PRIVATE_KEY_PATH is set as well; set one of the two", empty)},
		{"key in the environment, path in the file", rest + "private_key_path: /nowhere", []string{"PRIVATE_KEY=hunter2"}, nil,
			"%s: private_key_path \"/nowhere\": cannot be read: no such file or directory\nPRIVATE_KEY: %s: private_key_path is set as well; set one of the two"},
		{"key in the file, path as a flag", rest + "private_key: hunter2", nil, []string{"--private-key-path=/nowhere"},
			"--private-key-path \"/nowhere\": cannot be read: no such file or directory\n%s: private_key: --private-key-path is set as well; set one of the two"},
		{"key where its path belongs", rest, []string{"PRIVATE_KEY_PATH=" + strings.Repeat("hunter2", 100)}, nil,
			"PRIVATE_KEY_PATH: cannot be read: file name too long"},
		{"whole audit records in production", rest + "private_key: k\naudit_file: /a\naudit_whole: true", []string{"DANA_ENV=production"}, nil,
			`%s: audit_whole "true": is for DANA's sandbox alone: the file would hold phone numbers, accounts and names; unset it`},
		{"whole audit records of the host of production", rest + "private_key: k\naudit_file: /a", []string{"SALUR_AUDIT_WHOLE=true", "DANA_BASE_URL=HTTPS://API.saas.dana.id/"}, nil,
			`SALUR_AUDIT_WHOLE "true": is for DANA's sandbox alone: the file would hold phone numbers, accounts and names; unset it`},
		{"whole audit records nowhere", rest + "private_key: k", []string{"SALUR_AUDIT_WHOLE=true"}, nil,
			`SALUR_AUDIT_WHOLE "true": keeps nothing without SALUR_AUDIT_FILE; set that too`},
		{"plain http in production", rest + "private_key: k\ndana_base_url: HTTP://example.id", nil, []string{"--dana-env=production"},
			`%s: dana_base_url "HTTP://example.id": use https when DANA_ENV is production`},
		{"unknown keys", rest + "private_key: k\ndana-timeout: 8s\ndana:\n  timeout: 8s\nnonsense_of_mine: 1\n", nil, nil,
			"%s: dana-timeout: does not exist; did you mean dana_timeout?\n%s: dana: does not exist; remove it (--help lists what there is)\n%s: nonsense_of_mine: does not exist; remove it (--help lists what there is)"},
		{"a key twice", rest + "private_key: k\norigin: other", nil, nil, "%s: origin: is on line 1 and on line 4; keep one"},
		{"a map", rest + "private_key: k\nchannel_id: {a: b}", nil, nil, "%s: channel_id: use a single value or a list of single values"},
		{"a list of lists", rest + "private_key: k\nchannel_id: [[a]]", nil, nil, "%s: channel_id: use a single value or a list of single values"},
		{"not YAML", "-----BEGIN KEY-----\nhunter2\n", nil, nil, `SALUR_CONFIG "%s": cannot be read: it is not YAML with one "key: value" per line`},
		{"broken YAML", "origin: [hunter2", nil, nil, `SALUR_CONFIG "%s": cannot be read: it is not YAML with one "key: value" per line`},
		{"two documents", "origin: o\n---\norigin: p\n", nil, nil, `SALUR_CONFIG "%s": cannot be read: it has a second document; keep one`},
		{"several at once", rest + "private_key: k\nrate_limit: many\n", []string{"SALUR_DANA_TIMEOUT=1h", "CHANNEL_ID=a b"}, []string{"--dana-env=x"},
			"--dana-env \"x\": use sandbox or production\nSALUR_DANA_TIMEOUT \"1h\": use a duration from 100ms to 1m0s, such as 10s\nCHANNEL_ID \"a b\": " + refusedWord},
		{"only a comment", "# nothing\n", credentials, []string{"--dana-env=x"}, `--dana-env "x": use sandbox or production`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			environ, path := tc.environ, ""
			if tc.file != "" {
				path = write(t, "salur.yaml", tc.file)
				environ = append(environ[:len(environ):len(environ)], "SALUR_CONFIG="+path)
			}
			_, err := config.Load(config.Options{Needs: config.NeedDANA, Environ: environ,
				Flags: flags(t, config.NeedDANA, tc.args...)})
			want := strings.ReplaceAll(tc.want, "%s", path)
			if err == nil || err.Error() != want {
				t.Errorf("got\n%v\nwant\n%s", err, want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("a secret is in the error")
			}
		})
	}
}

func TestNoLoginInFlags(t *testing.T) {
	t.Parallel()
	load := func(url string) error {
		_, err := config.Load(config.Options{Needs: config.NeedRedis, Flags: flags(t, config.NeedRedis, "--redis-url", url)})
		return err
	}
	if err := load("redis://h:1/2"); err != nil {
		t.Error(err)
	}
	if _, err := config.Load(config.Options{Needs: config.NeedCredentials, Environ: credentials,
		Flags: flags(t, config.NeedCredentials, "--merchant-id=me@example.id")}); err != nil {
		t.Errorf("an @ where no login can be: %v", err)
	}
	const want = "--redis-url: a login in a flag can be read by others on this machine; set REDIS_URL instead"
	if err := load("redis://u:hunter2@h:1/2"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	c, err := config.Load(config.Options{Needs: needAll, Environ: []string{
		"REDIS_URL=redis://user:" + secret + "@h:1/0", "X_PARTNER_ID=p", "ORIGIN=o", "PRIVATE_KEY=" + secret,
		"CLIENT_SECRET=" + secret, "SALUR_UI_USER=u", "SALUR_UI_PASSWORD=" + secret,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if string(c.RedisURL) != "redis://user:hunter2@h:1/0" || string(c.DANA.PrivateKey) != secret ||
		string(c.DANA.ClientSecret) != secret || string(c.HTTP.UIPassword) != secret {
		t.Fatal("a secret was not read")
	}
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zapcore.DebugLevel)
	zap.New(core).Info("start", zap.Any("config", c), zap.Any("key", c.DANA.PrivateKey), zap.Stringer("s", c.RedisURL))
	encoded, err := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()).EncodeEntry(zapcore.Entry{}, logs.All()[0].Context)
	if err != nil {
		t.Fatal(err)
	}
	printed := []string{string(asJSON), encoded.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		printed = append(printed, fmt.Sprintf(verb, c), fmt.Sprintf(verb, &c), fmt.Sprintf(verb, c.DANA.PrivateKey))
	}
	for _, text := range printed {
		for _, leak := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret)} {
			if strings.Contains(text, leak) {
				t.Errorf("a secret is in %s", text)
			}
		}
	}
	if got := fmt.Sprint(c.DANA.PrivateKey, config.Secret("")); got != "(secret)" {
		t.Errorf("a secret and an empty one print %q", got)
	}
	if got := c.DANA.PrivateKey.GoString(); got != "(secret)" {
		t.Errorf("GoString %q", got)
	}
}

// What is wrong with a secret in a file is told without the secret.
func TestSecretInYAML(t *testing.T) {
	t.Parallel()
	path := write(t, "salur.yaml", "webhook_url: https://example.com/hunter2\nwebhook_secret: [hunter2]\n")
	_, err := config.Load(config.Options{Needs: config.NeedWorker, Environ: []string{"SALUR_CONFIG=" + path}, Flags: flags(t, config.NeedWorker)})
	want := path + ": webhook_secret: use whsec_ and the base64 of 24 to 64 random bytes, " +
		`such as echo "whsec_$(openssl rand -base64 32)" prints, and commas or spaces between several`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}
