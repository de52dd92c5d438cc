package oidc_test

import (
	"errors"
	"testing"

	"go.uber.org/goleak"

	"tessera/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func isFault(err error, want *fault.Fault) bool { return errors.Is(err, want) }
