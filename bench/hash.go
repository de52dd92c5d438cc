package main

import (
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
)

// hashParams are those of an argon2id password hash.
type hashParams struct {
	MemoryKiB  uint32 `json:"memory_kib"`
	Iterations uint32 `json:"iterations"`
	Lanes      uint8  `json:"lanes"`
}

func parseHash(s string) (hashParams, error) {
	var p hashParams
	n, err := fmt.Sscanf(s, "m=%d,t=%d,p=%d", &p.MemoryKiB, &p.Iterations, &p.Lanes)
	if err != nil || n != 3 || p.MemoryKiB < 8 || p.MemoryKiB > 1<<20 || p.Iterations < 1 || p.Lanes < 1 {
		return p, fmt.Errorf("-argon2id: want m=KIB,t=N,p=N, as in m=19456,t=2,p=1; got %q", s)
	}
	return p, nil
}

// hashRate is how fast this machine computes the password hash with nothing
// else to do.
type hashRate struct {
	PerSecond      float64 `json:"per_second"`
	CPUSecondsEach float64 `json:"cpu_seconds_each"`
}

// measureHash hashes with up to one worker for each core. The server must be idle.
func measureHash(params hashParams, workers int, duration time.Duration) (hashRate, error) {
	workers = min(workers, cores())
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	hash := func() {
		argon2.IDKey([]byte("correct horse battery staple"), salt, params.Iterations, params.MemoryKiB, params.Lanes, 32)
	}
	hash() // the first one pays for its memory
	before, err := processCPU(selfPID)
	if err != nil {
		return hashRate{}, err
	}
	var count atomic.Int64
	var running sync.WaitGroup
	start := time.Now()
	for range workers {
		running.Go(func() {
			for time.Since(start) < duration {
				hash()
				count.Add(1)
			}
		})
	}
	running.Wait()
	took := time.Since(start).Seconds()
	after, err := processCPU(selfPID)
	if err != nil {
		return hashRate{}, err
	}
	n := float64(count.Load())
	return hashRate{PerSecond: n / took, CPUSecondsEach: (after - before) / n}, nil
}

// mean is the mean of two rates.
func (h hashRate) mean(other hashRate) hashRate {
	return hashRate{
		PerSecond:      (h.PerSecond + other.PerSecond) / 2,
		CPUSecondsEach: (h.CPUSecondsEach + other.CPUSecondsEach) / 2,
	}
}
