package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// measure runs everything that the options ask for.
func measure(ctx context.Context, opts options, progress io.Writer) (*report, error) {
	c := newClient(opts)
	r := &report{
		Label: opts.Label, URL: opts.URL, StartedAt: time.Now().UTC().Truncate(time.Second), Cores: cores(), Hash: opts.Hash,
	}
	users, err := c.newUsers(ctx, slices.Max(opts.Concurrency))
	if err != nil {
		return nil, fmt.Errorf("users cannot be made: %w", err)
	}
	for _, name := range opts.Scenarios {
		for _, concurrency := range opts.Concurrency {
			fmt.Fprintf(progress, "%s at %d ...\n", name, concurrency)
			measured, err := c.measureOne(ctx, scenarioNamed(name), users[:concurrency])
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil { // the others may still be measured
				measured = result{Scenario: name, Concurrency: concurrency, Errors: 1, FirstError: err.Error()}
			}
			r.Results = append(r.Results, measured)
		}
	}
	return r, nil
}

// measureOne measures a scenario; a sign-in between two measurements of the
// hash alone, since the machine may be busier at one time than at another.
func (c *client) measureOne(ctx context.Context, s scenario, users []*user) (result, error) {
	if s.name != loginScenario {
		return c.load(ctx, s, users)
	}
	alone := min(c.opts.Duration, 2*time.Second)
	before, err := measureHash(c.opts.Hash, len(users), alone)
	if err != nil {
		return result{}, err
	}
	measured, err := c.load(ctx, s, users)
	if err != nil {
		return result{}, err
	}
	after, err := measureHash(c.opts.Hash, len(users), alone)
	if err != nil {
		return result{}, err
	}
	mean := before.mean(after)
	measured.HashAlone = &mean
	return measured, nil
}

// newUsers makes one user for each worker.
func (c *client) newUsers(ctx context.Context, n int) ([]*user, error) {
	users := make([]*user, n)
	for i := range users {
		u, err := c.newUser(ctx)
		if err != nil {
			return nil, err
		}
		users[i] = u
	}
	return users, nil
}

// load runs a scenario with one worker for each user, and measures it. A first
// fifth of a second warms connections and caches up and is left out.
func (c *client) load(ctx context.Context, s scenario, users []*user) (result, error) {
	state := ""
	if s.prepare != nil {
		var err error
		if state, err = s.prepare(ctx, c, users[0]); err != nil {
			return result{}, err
		}
	}
	if _, _, err := c.run(ctx, s, users, state, 200*time.Millisecond, len(users)); err != nil {
		return result{}, err
	}
	before, cpuErr := c.serverCPU(ctx, c.opts.PID)
	start := time.Now()
	times, failures, err := c.run(ctx, s, users, state, c.opts.Duration, c.opts.Requests)
	took := time.Since(start)
	if err != nil {
		return result{}, err
	}
	after, cpuErr2 := c.serverCPU(ctx, c.opts.PID)
	out := summarise(times, took)
	out.Scenario, out.Concurrency, out.Errors = s.name, len(users), len(failures)
	if len(failures) > 0 {
		out.FirstError = failures[0].Error()
	}
	if cpuErr == nil && cpuErr2 == nil && len(times) > 0 {
		each := (after - before) / float64(len(times)+len(failures))
		out.CPUSecondsEach = &each
	}
	return out, nil
}

// run lets every user repeat the scenario until the time or the number of
// requests is used up. Failed requests are not timed; a run that only fails ends early.
func (c *client) run(ctx context.Context, s scenario, users []*user, state string, duration time.Duration, requests int) ([]time.Duration, []error, error) {
	var left atomic.Int64
	left.Store(int64(requests))
	deadline := time.Now().Add(duration)
	times := make([][]time.Duration, len(users))
	failures := make([][]error, len(users))
	var workers sync.WaitGroup
	for i, u := range users {
		workers.Go(func() {
			const giveUp = 20 // failures of one worker
			for time.Now().Before(deadline) && left.Add(-1) >= 0 && ctx.Err() == nil && len(failures[i]) < giveUp {
				start := time.Now()
				took, err := s.run(ctx, c, u, state)
				if err != nil {
					failures[i] = append(failures[i], err)
					continue
				}
				if took == 0 {
					took = time.Since(start)
				}
				times[i] = append(times[i], took)
			}
		})
	}
	workers.Wait()
	return slices.Concat(times...), slices.Concat(failures...), ctx.Err()
}
