package main

import (
	"context"

	"go.uber.org/zap"

	"github.com/salur-id/salur/internal/cli"
)

// startStore makes Redis this worker's own, or refuses to start on it.
func (s *system) startStore(ctx context.Context) error {
	if err := s.store.Start(ctx); err != nil {
		return cli.Fail(cli.Invalid, err)
	}
	return nil
}

// watchStore looks at Redis until ctx ends. A Redis that has become another's ends the worker: those payouts are not ours to send.
func (s *system) watchStore(ctx context.Context) error {
	if err := s.store.Run(ctx); err != nil {
		return cli.Fail(cli.Invalid, err)
	}
	return nil
}

func (s *system) putAside(what string, err error) {
	s.metrics.PutAside()
	s.log.Error("AN ITEM OF THE LEDGER CANNOT BE READ AND IS PUT ASIDE; see docs/runbooks/SalurUnreadableRecords.md", zap.String("what", what), zap.Error(err))
}
