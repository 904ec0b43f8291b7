package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"strings"
	"time"

	"github.com/go-redis/redis_rate/v10"
)

// admit lets a request in that has a key and is not too many.
func (a *api) admit(c *call) error {
	scheme, key, _ := strings.Cut(c.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		c.key = a.nameOf(strings.TrimSpace(key))
	}
	if c.key == "" {
		c.header.Set("WWW-Authenticate", `Bearer realm="salur"`)
		return &problem{kind: unauthorized, detail: "send Authorization: Bearer KEY, with a key that SALUR_API_KEYS has the hash of"}
	}
	if err := a.limit(c); err != nil {
		return err
	}
	return a.places.enter(c)
}

// nameOf is whose key it is; empty for nobody's. It takes the same time whatever is in the key: all hashes are compared to
// their ends.
func (a *api) nameOf(key string) (name string) {
	hash := sha256.Sum256([]byte(key))
	for _, k := range a.keys {
		if subtle.ConstantTimeCompare(hash[:], k.Hash[:]) == 1 {
			name = k.Name
		}
	}
	return name
}

// rateKey is shared by all instances (redis_rate puts "rate:" before it).
const rateKey = "salur:{api}:"

// limit counts the request against its key's rate. A second's worth may come at once.
func (a *api) limit(c *call) error {
	if a.rate == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(c.Context(), storeTime)
	defer cancel()
	r, err := a.limiter.Allow(ctx, rateKey+c.key, redis_rate.Limit{Rate: a.rate, Burst: a.rate, Period: time.Second})
	switch {
	case err != nil:
		return &problem{kind: unavailable, detail: "nothing was done; make the same request again", retryAfter: soon, cause: err}
	case r.Allowed == 0:
		return &problem{kind: rateLimited, detail: "nothing was done; make the same request again, or more payouts with one", retryAfter: r.RetryAfter}
	}
	return nil
}
