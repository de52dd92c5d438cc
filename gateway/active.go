package gateway

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// active is the messages that this process works on, in all and of each user.
type active struct {
	mu           sync.Mutex
	max, perUser int
	ids          map[uuid.UUID]struct{}
	users        map[uuid.UUID]int
}

func newActive(limit, perUser int) *active {
	return &active{max: limit, perUser: perUser, ids: map[uuid.UUID]struct{}{}, users: map[uuid.UUID]int{}}
}

func (a *active) add(user, message uuid.UUID) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.ids) >= a.max || a.users[user] >= a.perUser {
		return ErrTooManyActive.After(time.Second)
	}
	a.ids[message] = struct{}{}
	a.users[user]++
	return nil
}

func (a *active) remove(user, message uuid.UUID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.ids, message)
	if a.users[user]--; a.users[user] == 0 {
		delete(a.users, user)
	}
}

func (a *active) messages() []uuid.UUID {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Collect(maps.Keys(a.ids))
}
