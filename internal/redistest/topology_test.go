package redistest_test

import (
	"strings"
	"testing"

	"github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/redistest"
)

func TestTopologies(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func() string{
		"sentinel": func() string { return redistest.StartSentinels(t).URL() },
		"cluster":  func() string { return redistest.StartCluster(t).URL() },
		"tls": func() string {
			s, ca := redistest.StartTLS(t)
			return "rediss://" + s.Addr() + "?ca_file=" + ca
		},
	} {
		t.Run(name, func(t *testing.T) {
			rdb, err := config.NewRedis(config.Secret(start()), 0)
			if err != nil {
				t.Fatal(err)
			}
			defer rdb.Close()
			for key := range strings.SplitSeq("a b c d e f", " ") {
				if err := rdb.Set(t.Context(), key, "v", 0).Err(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
