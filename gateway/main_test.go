package gateway_test

import (
	"testing"

	"go.uber.org/goleak"
)

// A service that was shut down leaves no goroutine behind, whatever became of
// its messages and streams.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
