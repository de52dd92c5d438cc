package fault_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"tessera/fault"
)

var errTea = fault.Declare(fault.Conflict, "test.tea", "It is a teapot.", "Ask for tea.")

func TestCopiesLeaveTheDeclarationAlone(t *testing.T) {
	got := errTea.On("cup", "is full").With("size", 3).After(time.Second).Saying("no %s", "coffee")
	if errTea.Fields != nil || errTea.Detail != nil || errTea.RetryAfter != 0 || errTea.Message != "It is a teapot." {
		t.Fatalf("the declared fault changed: %+v", errTea)
	}
	if len(got.Fields) != 1 || got.Fields[0].Name != "cup" || got.Detail["size"] != 3 || got.Message != "no coffee" {
		t.Fatalf("the copy lacks what was added: %+v", got)
	}
}

func TestIsComparesCodes(t *testing.T) {
	wrapped := fmt.Errorf("pouring: %w", errTea.Because(errors.New("cold")))
	if !errors.Is(wrapped, errTea) {
		t.Error("a wrapped copy should be the declared fault")
	}
	if errors.Is(wrapped, fault.ErrUnexpected) {
		t.Error("faults of different codes should differ")
	}
}

func TestFromHidesStrangers(t *testing.T) {
	secret := errors.New("dsn postgres://user:hunter2@db")
	f := fault.From(secret)
	if f.Kind != fault.Internal || f.Message == secret.Error() || !errors.Is(f, secret) {
		t.Fatalf("a stranger should become internal and keep its cause: %+v", f)
	}
	if fault.From(nil) != nil {
		t.Error("From(nil) should be nil")
	}
}

func TestDeclareRefusesATakenCode(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("declaring a code twice should panic")
		}
	}()
	fault.Declare(fault.Invalid, "test.tea", "again", "")
}
