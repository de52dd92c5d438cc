package kv_test

import (
	"testing"

	"go.uber.org/goleak"
)

// A closed store leaves no goroutine behind, and an ended subscription none.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
