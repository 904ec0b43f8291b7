package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/salur-id/salur/internal/config"
)

const refusedAmount = "use an amount in IDR, digits with at most two decimals, such as 5000000 or 5000000.00, or 0 for none"

// What is wrong about funds and limits, line by line; nothing for what is good.
func TestFundsAndLimits(t *testing.T) {
	t.Parallel()
	const id, secret = "MERCHANT_ID=2166", "CLIENT_SECRET=hush"
	for name, tc := range map[string]struct {
		environ []string
		want    []string
	}{
		"Watched":        {[]string{id, secret, "SALUR_LOW_WATER=1000000"}, nil},
		"NotWatched":     {[]string{id}, nil},
		"OffByZero":      {[]string{"SALUR_LOW_WATER=0.00", "SALUR_LIMIT_MINUTE=0"}, nil},
		"LowWaterAlone":  {[]string{"SALUR_LOW_WATER=5"}, []string{`SALUR_LOW_WATER "5": needs MERCHANT_ID, to read the balance; DANA gave it, and it is not the client id`, `SALUR_LOW_WATER "5": needs CLIENT_SECRET, to read the balance; DANA gave it`}},
		"LowWaterUnread": {[]string{id, secret, "SALUR_LOW_WATER=5", "SALUR_BALANCE_INTERVAL=0"}, []string{`SALUR_LOW_WATER "5": needs the balance to be read; set SALUR_BALANCE_INTERVAL to more than 0, such as 1m`}},
		"Interval":       {[]string{"SALUR_BALANCE_INTERVAL=999ms"}, []string{`SALUR_BALANCE_INTERVAL "999ms": use a duration of 1s or more, such as 1m, or 0 for never`}},
		"Negative":       {[]string{"SALUR_LIMIT_PAYOUT=-1"}, []string{`SALUR_LIMIT_PAYOUT "-1": ` + refusedAmount}},
		"Separators":     {[]string{"SALUR_LIMIT_MINUTE=5.000.000"}, []string{`SALUR_LIMIT_MINUTE "5.000.000": ` + refusedAmount}},
		"TooMuch":        {[]string{"SALUR_LIMIT_CUSTOMER_DAY=90071992547409.92"}, []string{`SALUR_LIMIT_CUSTOMER_DAY "90071992547409.92": use at most 90071992547409.91`}},
		"Resume":         {[]string{"SALUR_RESUME_WHEN_FUNDED=no"}, []string{`SALUR_RESUME_WHEN_FUNDED "no": use true or false`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := config.Load(config.Options{Needs: needAll, Environ: append(credentials[:3:3], tc.environ...)})
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if watches := c.WatchesBalance(); watches != (name == "Watched") {
				t.Errorf("watches the balance: %v", watches)
			}
		})
	}
}
