package gateway

import (
	"slices"
	"sync"

	"github.com/google/uuid"
)

// tailLength is how many of a log's newest events stay in memory while the
// message is worked on here. A subscriber that is further behind reads the
// table.
const tailLength = 512

// hub tells subscribers of committed events. A topic is there while somebody
// works on its message or listens to it in this process.
type hub struct {
	mu     sync.Mutex
	topics map[uuid.UUID]*topic
}

type topic struct {
	users   int // workers and subscribers
	mu      sync.Mutex
	tail    []Event
	working bool          // in this process: the tail is the log's end
	changed chan struct{} // closed, and replaced, with every change
}

func newHub() *hub { return &hub{topics: map[uuid.UUID]*topic{}} }

// join returns the message's topic until leave is called.
func (h *hub) join(id uuid.UUID) *topic {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[id]
	if t == nil {
		t = &topic{changed: make(chan struct{})}
		h.topics[id] = t
	}
	t.users++
	return t
}

func (h *hub) leave(id uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[id]
	if t.users--; t.users == 0 {
		delete(h.topics, id)
	}
}

// publish shows events that are committed.
func (h *hub) publish(id uuid.UUID, events []Event) {
	h.mu.Lock()
	t := h.topics[id]
	h.mu.Unlock()
	if t != nil {
		t.update(func() { t.add(events) })
	}
}

func (t *topic) add(events []Event) {
	if n := len(t.tail); n > 0 && len(events) > 0 && t.tail[n-1].Position+1 != events[0].Position {
		t.tail = nil // a gap: better no tail than a wrong one
	}
	t.tail = append(t.tail, events...)
	if over := len(t.tail) - tailLength; over > 0 {
		t.tail = slices.Delete(t.tail, 0, over)
	}
}

// setWorking says whether this process works on the message.
func (t *topic) setWorking(working bool) { t.update(func() { t.working = working }) }

func (t *topic) update(change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change()
	close(t.changed)
	t.changed = make(chan struct{})
}

// after returns the events behind a position, as far as memory holds them;
// known is false when the table must be asked. changed is closed when there
// may be more; it was taken before either look, so nothing falls between.
func (t *topic) after(position int64) (events []Event, known bool, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.tail) > 0 && t.tail[0].Position <= position+1 {
		from := int(position + 1 - t.tail[0].Position)
		if from < len(t.tail) {
			return slices.Clone(t.tail[from:]), true, t.changed
		}
		return nil, t.working, t.changed
	}
	return nil, false, t.changed
}
