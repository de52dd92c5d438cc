package kv

import (
	"bytes"
	"sync"
)

// subscriberBuffer is how far a subscriber may fall behind before it loses
// messages: a publisher never waits for one.
const subscriberBuffer = 256

// hub hands messages to the subscribers in this process.
type hub struct {
	mu     sync.Mutex
	closed bool
	topics map[string]map[*subscriber]struct{}
}

type subscriber struct {
	messages chan []byte
	behind   bool // the newest message in the channel is the nil of a loss
}

func newHub() *hub { return &hub{topics: map[string]map[*subscriber]struct{}{}} }

// add subscribes to a topic and reports whether it is the topic's first.
func (h *hub) add(topic string) (sub *subscriber, first bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, false, errClosed
	}
	sub = &subscriber{messages: make(chan []byte, subscriberBuffer)}
	subs := h.topics[topic]
	if subs == nil {
		subs = map[*subscriber]struct{}{}
		h.topics[topic] = subs
	}
	subs[sub] = struct{}{}
	return sub, len(subs) == 1, nil
}

// remove ends a subscription and reports whether it was the topic's last.
func (h *hub) remove(topic string, sub *subscriber) (last bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	subs := h.topics[topic]
	if _, there := subs[sub]; !there {
		return false
	}
	delete(subs, sub)
	close(sub.messages)
	if len(subs) > 0 {
		return false
	}
	delete(h.topics, topic)
	return true
}

// deliver hands a message to a topic's subscribers; nil tells them of a loss.
func (h *hub) deliver(topic string, payload []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for sub := range h.topics[topic] {
		sub.push(bytes.Clone(payload))
	}
}

// push is called by one goroutine at a time. A subscriber that is full loses
// its oldest message for the nil that says so.
func (s *subscriber) push(payload []byte) {
	select {
	case s.messages <- payload:
		s.behind = payload == nil
		return
	default:
	}
	if s.behind {
		return
	}
	select {
	case <-s.messages:
	default:
	}
	s.messages <- nil
	s.behind = true
}

// close ends all subscriptions.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for topic, subs := range h.topics {
		for sub := range subs {
			close(sub.messages)
		}
		delete(h.topics, topic)
	}
}
