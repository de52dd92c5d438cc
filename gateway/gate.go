package gateway

import "sync"

// gate counts what is going on and can be shut against more of it.
type gate struct {
	mu      sync.Mutex
	shut    bool
	count   int
	idle    chan struct{} // closed when shut and empty
	closing chan struct{} // closed to end what is inside
}

func newGate() *gate {
	return &gate{idle: make(chan struct{}), closing: make(chan struct{})}
}

func (g *gate) enter() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return ErrShuttingDown.After(shutdownRetry)
	}
	g.count++
	return nil
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count--
	g.signal()
}

// close lets nobody in any more; idle tells when the last has left.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut {
		g.shut = true
		g.signal()
	}
}

// evict asks those inside to leave.
func (g *gate) evict() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.closing:
	default:
		close(g.closing)
	}
}

func (g *gate) signal() {
	if g.shut && g.count == 0 {
		close(g.idle)
	}
}
