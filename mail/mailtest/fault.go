package mailtest

import (
	"fmt"
	"sync"
	"time"
)

// Faults is how the simulator misbehaves, from the next mail on.
type Faults struct {
	SMTPStatus int           // answer RCPT TO with this: 450 to 459 or 550 to 559; 0 = take the mail
	Count      int           // for so many mails; 0 = until changed
	Delay      time.Duration // wait before every answer to RCPT TO, at most maxDelay
}

const maxDelay = 30 * time.Second

func (f Faults) validate() error {
	if s := f.SMTPStatus; s != 0 && (s < 450 || s > 459) && (s < 550 || s > 559) {
		return fmt.Errorf("smtp_status: must be 0, 450 to 459 or 550 to 559, not %d", s)
	}
	if f.Count < 0 || f.Count > 1000 {
		return fmt.Errorf("count: must be between 0 and 1000, not %d", f.Count)
	}
	if f.Delay < 0 || f.Delay > maxDelay {
		return fmt.Errorf("delay_ms: must be between 0 and %d", maxDelay.Milliseconds())
	}
	return nil
}

// faultPlan hands out the faults mail by mail.
type faultPlan struct {
	mu     sync.Mutex
	faults Faults
}

func (p *faultPlan) set(f Faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = f
}

func (p *faultPlan) get() Faults {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults
}

// next returns what to do to one mail and counts it.
func (p *faultPlan) next() Faults {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.faults
	if p.faults.Count > 0 {
		if p.faults.Count--; p.faults.Count == 0 {
			p.faults = Faults{}
		}
	}
	return now
}
