package gate

import (
	"errors"
	"testing"
	"time"

	settings "github.com/salur-id/salur/internal/config"
	"github.com/salur-id/salur/internal/durable"
	"github.com/salur-id/salur/internal/redistest"
)

// Behind Sentinel nobody is told that sending is held, or goes on, before a replica knows: after a failover it would be otherwise.
func TestHoldsWaitForAReplica(t *testing.T) {
	t.Parallel()
	s := redistest.StartSentinels(t)
	rdb, err := settings.NewRedis(settings.Secret(s.URL()), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer rdb.Close()
	if err := HoldByPerson(t.Context(), rdb, "audit", "Sari", time.Now()); err != nil {
		t.Fatalf("with a replica: %v", err)
	}
	s.Replica.Freeze()
	if err := HoldByPerson(t.Context(), rdb, "audit", "Sari", time.Now()); !errors.Is(err, durable.ErrNotReplicated) {
		t.Errorf("held, with a replica that is frozen: %v", err)
	}
	if _, err := Resume(t.Context(), rdb, "over", "Sari", time.Now()); !errors.Is(err, durable.ErrNotReplicated) {
		t.Errorf("resumed, with a replica that is frozen: %v", err)
	}
}
