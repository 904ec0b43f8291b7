// Package quiet keeps a log readable while Redis is away.
package quiet

import (
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Log lets asynq say the same thing once in ten seconds: while Redis is away it repeats
// itself several times a second.
func Log(log *zap.Logger) *zap.Logger {
	return log.WithOptions(zap.AddCallerSkip(1), zap.WrapCore(func(c zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(c, 10*time.Second, 1, 0)
	}))
}
