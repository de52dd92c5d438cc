package kv

import (
	"container/heap"
	"hash/maphash"
	"sync"
)

const shardCount = 32

// table is a map with expiry, sharded so that unrelated keys do not wait for
// each other. Expired entries go as new ones come, two for one, so no sweeper
// is needed; at its bound a table drops the entry that would expire first.
type table[V any] struct {
	seed   maphash.Seed
	shards [shardCount]shard[V]
}

type shard[V any] struct {
	sync.Mutex
	bound   int // entries at most, 0 = no bound
	entries map[string]*entry[V]
	soonest expiryHeap[V]
}

type entry[V any] struct {
	key     string
	value   V
	expires int64 // Unix nanoseconds
	index   int   // in the heap
}

func newTable[V any](bound int) *table[V] {
	t := &table[V]{seed: maphash.MakeSeed()}
	for i := range t.shards {
		t.shards[i].bound = bound / shardCount
		t.shards[i].entries = map[string]*entry[V]{}
	}
	return t
}

// lock returns the key's shard, locked.
func (t *table[V]) lock(key string) *shard[V] {
	s := &t.shards[maphash.String(t.seed, key)%shardCount]
	s.Lock()
	return s
}

// get returns the live entry of a key, or nil.
func (s *shard[V]) get(key string, now int64) *entry[V] {
	if e := s.entries[key]; e != nil && e.expires > now {
		return e
	}
	return nil
}

// put sets a key's value and expiry.
func (s *shard[V]) put(key string, value V, expires, now int64) {
	if e := s.entries[key]; e != nil {
		e.value, e.expires = value, expires
		heap.Fix(&s.soonest, e.index)
		return
	}
	for range 2 {
		if len(s.soonest) > 0 && s.soonest[0].expires <= now {
			s.drop(s.soonest[0])
		}
	}
	if s.bound > 0 && len(s.entries) >= s.bound {
		s.drop(s.soonest[0])
	}
	e := &entry[V]{key: key, value: value, expires: expires}
	s.entries[key] = e
	heap.Push(&s.soonest, e)
}

// drop forgets an entry.
func (s *shard[V]) drop(e *entry[V]) {
	heap.Remove(&s.soonest, e.index)
	delete(s.entries, e.key)
}

// len counts the entries, expired ones included.
func (t *table[V]) len() int {
	n := 0
	for i := range t.shards {
		t.shards[i].Lock()
		n += len(t.shards[i].entries)
		t.shards[i].Unlock()
	}
	return n
}

// expiryHeap orders entries by expiry, soonest first.
type expiryHeap[V any] []*entry[V]

func (h expiryHeap[V]) Len() int           { return len(h) }
func (h expiryHeap[V]) Less(i, j int) bool { return h[i].expires < h[j].expires }
func (h expiryHeap[V]) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *expiryHeap[V]) Push(x any) {
	e, _ := x.(*entry[V])
	e.index = len(*h)
	*h = append(*h, e)
}

func (h *expiryHeap[V]) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
