package tasks

import (
	"context"

	"github.com/hibiken/asynq"

	"github.com/salur-id/salur/internal/wakeup"
)

// types hands each task to the handler of its type, to the letter. (asynq's own ServeMux takes a type's beginning for
// the type: a task topup:send:preview would be paid.) Any other task is not ours and is parked.
type types struct {
	handle map[string]asynq.HandlerFunc
	fit    func() error // why nothing may be done now, see gate.Gate.Fit
}

// ProcessTask implements asynq.Handler.
func (h types) ProcessTask(ctx context.Context, t *asynq.Task) error {
	if handle, ours := h.handle[t.Type()]; ours {
		if err := h.fit(); err != nil {
			return err
		}
		return handle(ctx, t)
	}
	return &PayloadError{t.Type(), wakeup.ErrForeign}
}
