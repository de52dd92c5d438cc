package mailtest

import (
	"strings"
	"sync"
	"time"
)

// Limits of the simulated mailbox.
const (
	maxMessages     = 200
	maxTotalBytes   = 16 << 20
	maxMessageBytes = 1 << 20
)

// Message is one mail as it arrived.
type Message struct {
	ID   int       // 1, 2, 3... in the order of arrival
	To   string    // the recipient of the envelope, as given
	From string    // the sender of the envelope
	At   time.Time // when it arrived
	Raw  string    // headers and body, as RFC 5322 writes them
}

// box keeps the newest messages and wakes those who wait for one.
type box struct {
	mu       sync.Mutex
	messages []Message // oldest first
	bytes    int
	last     int
	arrived  chan struct{} // closed and replaced at each arrival
}

func newBox() *box { return &box{arrived: make(chan struct{})} }

func (b *box) add(m Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	m.ID = b.last
	b.messages = append(b.messages, m)
	b.bytes += len(m.Raw)
	for len(b.messages) > maxMessages || b.bytes > maxTotalBytes {
		b.bytes -= len(b.messages[0].Raw)
		b.messages = append([]Message(nil), b.messages[1:]...)
	}
	close(b.arrived)
	b.arrived = make(chan struct{})
}

// list returns the mails to an address, newest first; "" means all. The
// channel closes at the next arrival of any mail.
func (b *box) list(to string) ([]Message, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := []Message{}
	for i := len(b.messages) - 1; i >= 0; i-- {
		if to == "" || strings.EqualFold(b.messages[i].To, to) {
			found = append(found, b.messages[i])
		}
	}
	return found, b.arrived
}

func (b *box) get(id int) (Message, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.messages {
		if m.ID == id {
			return m, true
		}
	}
	return Message{}, false
}

func (b *box) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages, b.bytes = nil, 0
}
