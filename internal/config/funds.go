package config

import "github.com/knadh/koanf/v2"

// fundsContradictions are what a low-water mark lacks.
func fundsContradictions(c Config, k *koanf.Koanf) (bad Error) {
	if !c.Worker.LowWater.Positive() {
		return nil
	}
	mark, _ := k.Get("low_water").(entry)
	lacks := func(fix string) { bad = append(bad, Problem{mark.From, mark.Text, fix}) }
	if c.DANA.MerchantID == "" {
		lacks("needs MERCHANT_ID, to read the balance; DANA gave it, and it is not the client id")
	}
	if c.DANA.ClientSecret == "" {
		lacks("needs CLIENT_SECRET, to read the balance; DANA gave it")
	}
	if c.Worker.BalanceInterval == 0 {
		lacks("needs the balance to be read; set SALUR_BALANCE_INTERVAL to more than 0, such as 1m")
	}
	return bad
}
