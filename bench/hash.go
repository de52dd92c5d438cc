package main

import (
	"crypto/rand"
	"fmt"
	"runtime"
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

// hashRate is how fast this machine computes the password hash, with all its
// cores and nothing else to do.
type hashRate struct {
	hashParams
	PerSecond      float64 `json:"per_second"`
	CPUSecondsEach float64 `json:"cpu_seconds_each"`
}

// measureHash hashes on every core for the given time. The server must be idle.
func measureHash(params hashParams, duration time.Duration) (hashRate, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	before, err := processCPU(selfPID)
	if err != nil {
		return hashRate{}, err
	}
	var count atomic.Int64
	var workers sync.WaitGroup
	start := time.Now()
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for time.Since(start) < duration {
				argon2.IDKey([]byte("correct horse battery staple"), salt, params.Iterations, params.MemoryKiB, params.Lanes, 32)
				count.Add(1)
			}
		})
	}
	workers.Wait()
	took := time.Since(start).Seconds()
	after, err := processCPU(selfPID)
	if err != nil {
		return hashRate{}, err
	}
	n := float64(count.Load())
	return hashRate{hashParams: params, PerSecond: n / took, CPUSecondsEach: (after - before) / n}, nil
}
