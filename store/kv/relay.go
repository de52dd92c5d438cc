package kv

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// subscribeWait is how long Redis may take to confirm a subscription.
const subscribeWait = 5 * time.Second

// relay feeds a hub from one Redis connection, whatever the number of
// subscribers: a thousand event streams must not take a thousand connections.
type relay struct {
	hub    *hub
	client *redis.Client
	prefix string

	mu     sync.Mutex // orders subscriptions and their ends, on the wire too
	conn   *redis.PubSub
	topics map[string]*confirmation
}

// confirmation is closed when Redis has confirmed a topic for the first time.
type confirmation struct {
	done chan struct{}
	once sync.Once
}

func newRelay(client *redis.Client, prefix string) *relay {
	return &relay{hub: newHub(), client: client, prefix: prefix + "topic:", topics: map[string]*confirmation{}}
}

func (r *relay) channel(topic string) string { return r.prefix + topic }

func (r *relay) subscribe(ctx context.Context, topic string) (<-chan []byte, error) {
	sub, confirmed, err := r.start(ctx, topic)
	if err != nil {
		return nil, err
	}
	wait, cancel := context.WithTimeout(ctx, subscribeWait)
	defer cancel()
	select {
	case <-confirmed.done:
		context.AfterFunc(ctx, func() { r.stop(topic, sub) })
		return sub.messages, nil
	case <-wait.Done():
		r.stop(topic, sub)
		return nil, fail(ctx, errors.New("a subscription was not confirmed in time"))
	}
}

// start adds a subscriber and, for the first of a topic, tells Redis.
func (r *relay) start(ctx context.Context, topic string) (*subscriber, *confirmation, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sub, first, err := r.hub.add(topic)
	if err != nil {
		return nil, nil, err
	}
	if r.conn == nil {
		r.conn = r.client.Subscribe(context.Background())
		go r.read(r.conn.ChannelWithSubscriptions())
	}
	if first {
		r.topics[topic] = &confirmation{done: make(chan struct{})}
		// A failed write is repeated by the library when it reconnects; the
		// caller waits for the confirmation either way.
		_ = r.conn.Subscribe(context.WithoutCancel(ctx), r.channel(topic))
	}
	return sub, r.topics[topic], nil
}

func (r *relay) stop(topic string, sub *subscriber) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hub.remove(topic, sub) {
		delete(r.topics, topic)
		_ = r.conn.Unsubscribe(context.Background(), r.channel(topic))
	}
}

// read ends when the connection is closed.
func (r *relay) read(events <-chan any) {
	for event := range events {
		switch event := event.(type) {
		case *redis.Message:
			r.hub.deliver(strings.TrimPrefix(event.Channel, r.prefix), []byte(event.Payload))
		case *redis.Subscription:
			if event.Kind == "subscribe" {
				r.confirm(strings.TrimPrefix(event.Channel, r.prefix))
			}
		}
	}
}

// confirm releases those who wait for a topic. A topic that is confirmed again
// was subscribed anew on another connection: what came between is lost.
func (r *relay) confirm(topic string) {
	r.mu.Lock()
	confirmed := r.topics[topic]
	r.mu.Unlock()
	if confirmed == nil {
		return
	}
	again := true
	confirmed.once.Do(func() {
		close(confirmed.done)
		again = false
	})
	if again {
		r.hub.deliver(topic, nil)
	}
}

func (r *relay) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hub.close()
	if r.conn == nil {
		return nil
	}
	return r.conn.Close()
}
