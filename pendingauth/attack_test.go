package pendingauth_test

import (
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"tessera/pendingauth"
)

func TestAttackFlowOverTime(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		started, err := b.Begin(t.Context(), pendingauth.Start{Source: "linuxdo"})
		if err != nil {
			t.Fatal(err)
		}
		goTo, err := url.Parse(started.URL)
		if err != nil {
			t.Fatal(err)
		}
		b.offset.Store(int64(11 * time.Minute))
		out, err := b.Finish(t.Context(), pendingauth.Arrival{
			Source: "linuxdo", Query: url.Values{"state": {goTo.Query().Get("state")}, "code": {"c"}}, Browser: started.Browser,
		})
		if !errors.Is(err, pendingauth.ErrFlowUnknown) {
			t.Errorf("eleven minutes later: %+v, %v", out, err)
		}
	})
}

func TestAttackCodeGuessing(t *testing.T) {
	each(t, func(t *testing.T, b bench) {
		mailed := func() (cookie, right, wrong string) {
			cookie = b.pending(t)
			if _, err := b.SendCode(t.Context(), cookie, "victim@example.com"); err != nil {
				t.Fatal(err)
			}
			if right = b.mails.code(t); right == "111111" {
				return cookie, right, "222222"
			}
			return cookie, right, "111111"
		}
		t.Run("one by one", func(t *testing.T) {
			cookie, right, wrong := mailed()
			for range 5 {
				if _, err := b.VerifyCode(t.Context(), cookie, wrong); !errors.Is(err, pendingauth.ErrCodeWrong) {
					t.Fatal(err)
				}
			}
			if _, err := b.VerifyCode(t.Context(), cookie, right); !errors.Is(err, pendingauth.ErrCodeWrong) {
				t.Errorf("the right one after five wrong: %v", err)
			}
		})
		t.Run("all at once", func(t *testing.T) {
			cookie, right, wrong := mailed()
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() { _, _ = b.VerifyCode(t.Context(), cookie, wrong) })
			}
			all.Wait()
			if _, err := b.VerifyCode(t.Context(), cookie, right); !errors.Is(err, pendingauth.ErrCodeWrong) {
				t.Errorf("the right one after fifty wrong: %v", err)
			}
		})
		t.Run("a code of another address", func(t *testing.T) {
			cookie, right, _ := mailed()
			if _, err := b.SendCode(t.Context(), cookie, "other@example.com"); err != nil {
				t.Fatal(err)
			}
			if _, err := b.VerifyCode(t.Context(), cookie, right); right != b.mails.code(t) && !errors.Is(err, pendingauth.ErrCodeWrong) {
				t.Errorf("a code that was mailed elsewhere: %v", err)
			}
		})
	})
}
