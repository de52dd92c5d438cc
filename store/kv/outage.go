package kv

import (
	"context"
	"sync/atomic"
	"time"
)

// probeEvery is how often one caller asks a Redis that was away again. All
// others decide locally meanwhile, so that none waits for a time-out.
const probeEvery = time.Second

// outage remembers whether Redis answers. It is safe for concurrent use.
type outage struct {
	now     func() time.Time
	hook    func(away bool, cause error)
	probeAt atomic.Int64 // Unix nanoseconds; 0 = Redis answers
}

// try runs a command and reports whether Redis decided. It did not when it is
// away; the only error is that of a caller that gave up waiting.
func (o *outage) try(ctx context.Context, command func() error) (decided bool, err error) {
	at := o.probeAt.Load()
	if at != 0 {
		now := o.now()
		if now.UnixNano() < at || !o.probeAt.CompareAndSwap(at, now.Add(probeEvery).UnixNano()) {
			return false, nil
		}
	}
	err = command()
	if err == nil {
		if at != 0 && o.probeAt.Swap(0) != 0 {
			o.hook(false, nil)
		}
		return true, nil
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if o.probeAt.CompareAndSwap(0, o.now().Add(probeEvery).UnixNano()) {
		o.hook(true, err)
	}
	return false, nil
}
