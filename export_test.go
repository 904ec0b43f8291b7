package salur

import "time"

// At is the client with another clock.
func (c *Client) At(now func() time.Time) *Client {
	other := *c
	other.now = now
	return &other
}
