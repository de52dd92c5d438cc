package testuser

import (
	"context"
	"sync"
)

// turns makes calls for one test user take turns. Those that come while the
// first prepares the account share what it prepared, so that no one's password
// is replaced before they signed in with it; those that come later wait until
// all of these have signed in.
type turns struct {
	mu   sync.Mutex
	open map[string]*turn
}

type turn struct {
	ready   chan struct{} // closed when the account is prepared
	ended   chan struct{} // closed when the last member has left
	members int
	sealed  bool // prepared: nobody joins any more
	result  prepared
	err     error
}

// prepared is an account with a password that works now.
type prepared struct {
	user     User
	password string
	isReused bool
}

// join enters the turn of a name, or begins one: then the caller leads, must
// call [turns.seal], and everybody must call [turns.leave].
func (t *turns) join(ctx context.Context, name string) (joined *turn, leads bool, err error) {
	for {
		t.mu.Lock()
		current := t.open[name]
		switch {
		case current == nil:
			current = &turn{ready: make(chan struct{}), ended: make(chan struct{}), members: 1}
			if t.open == nil {
				t.open = map[string]*turn{}
			}
			t.open[name] = current
			t.mu.Unlock()
			return current, true, nil
		case !current.sealed:
			current.members++
			t.mu.Unlock()
			return current, false, nil
		}
		t.mu.Unlock()
		select {
		case <-current.ended:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
}

// seal gives the members what the leader prepared.
func (t *turns) seal(joined *turn, result prepared, err error) {
	t.mu.Lock()
	joined.sealed, joined.result, joined.err = true, result, err
	t.mu.Unlock()
	close(joined.ready)
}

// leave ends the turn with its last member.
func (t *turns) leave(name string, joined *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if joined.members--; joined.members > 0 {
		return
	}
	delete(t.open, name)
	close(joined.ended)
}
