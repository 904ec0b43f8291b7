//go:build !race

package swarm

import (
	"runtime/debug"
	"testing"
)

func TestMain(m *testing.M) {
	// Each Lua script of the Redis in memory makes an interpreter and throws it away.
	debug.SetGCPercent(400)
	m.Run()
}
