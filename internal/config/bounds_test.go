package config_test

import (
	"testing"

	"github.com/salur-id/salur/internal/config"
)

func TestMaxAmount(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"0", "0.00", "-1", "1000000000000.01", "1.000.000", "all"} {
		_, err := config.Load(config.Options{Needs: config.NeedBounds, Environ: []string{"SALUR_MAX_AMOUNT=" + bad}})
		want := `SALUR_MAX_AMOUNT "` + bad + `": use an amount in IDR of more than 0 and at most 1000000000000.00, digits with at most two decimals, such as 1000000000.00`
		if err == nil || err.Error() != want {
			t.Errorf("%v", err)
		}
	}
}
