package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"
)

// report is a run's outcome. Times are milliseconds unless they say otherwise.
type report struct {
	Label     string     `json:"label,omitempty"`
	URL       string     `json:"url"`
	StartedAt time.Time  `json:"started_at"`
	Cores     int        `json:"cores"`
	Hash      hashParams `json:"argon2id"`
	Results   []result   `json:"results"`
}

// result is one scenario at one concurrency.
type result struct {
	Scenario       string   `json:"scenario"`
	Concurrency    int      `json:"concurrency"`
	Requests       int      `json:"requests"` // successful ones
	Errors         int      `json:"errors"`
	FirstError     string   `json:"first_error,omitempty"`
	Seconds        float64  `json:"seconds"`
	PerSecond      float64  `json:"per_second"`
	P50            float64  `json:"p50_ms"`
	P95            float64  `json:"p95_ms"`
	P99            float64  `json:"p99_ms"`
	Max            float64  `json:"max_ms"`
	CPUSecondsEach *float64 `json:"server_cpu_seconds_each,omitempty"` // absent = the server does not tell
	// HashAlone is the password hash by itself, with as many workers, up to the
	// machine's cores, just before and after; of a login only.
	HashAlone *hashRate `json:"hash_alone,omitempty"`
}

func cores() int { return runtime.GOMAXPROCS(0) }

func summarise(times []time.Duration, took time.Duration) result {
	r := result{Requests: len(times), Seconds: took.Seconds()}
	if len(times) == 0 {
		return r
	}
	slices.Sort(times)
	r.PerSecond = float64(len(times)) / took.Seconds()
	r.P50, r.P95, r.P99 = percentile(times, 50), percentile(times, 95), percentile(times, 99)
	r.Max = milliseconds(times[len(times)-1])
	return r
}

// percentile is by nearest rank: the smallest time that p percent do not exceed.
func percentile(sorted []time.Duration, p int) float64 {
	rank := (len(sorted)*p + 99) / 100
	return milliseconds(sorted[max(rank, 1)-1])
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// hashShare is a login throughput as a share of what the hash alone allows.
func (r result) hashShare() (float64, bool) {
	if r.HashAlone == nil {
		return 0, false
	}
	return r.PerSecond / r.HashAlone.PerSecond, true
}

func (r *report) writeTable(out io.Writer) error {
	fmt.Fprintf(out, "%s  %s  %d cores\n", r.URL, r.StartedAt.Format(time.RFC3339), r.Cores)
	fmt.Fprintf(out, "of hash: a login's share of what argon2id m=%d t=%d p=%d alone allows\n\n",
		r.Hash.MemoryKiB, r.Hash.Iterations, r.Hash.Lanes)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "scenario\tat once\trequests\terrors\treq/s\tp50 ms\tp95 ms\tp99 ms\tmax ms\tserver CPU ms\tof hash\t")
	for _, res := range r.Results {
		cpu, share := "-", ""
		if res.CPUSecondsEach != nil {
			cpu = fmt.Sprintf("%.2f", *res.CPUSecondsEach*1000)
		}
		if s, ok := res.hashShare(); ok {
			share = fmt.Sprintf("%.0f %% (%.1f/s, %.1f ms)", s*100, res.HashAlone.PerSecond, res.HashAlone.CPUSecondsEach*1000)
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%.1f\t%.2f\t%.2f\t%.2f\t%.2f\t%s\t%s\t\n", res.Scenario, res.Concurrency,
			res.Requests, res.Errors, res.PerSecond, res.P50, res.P95, res.P99, res.Max, cpu, share)
	}
	return table.Flush()
}

// failure is an error when a scenario failed.
func (r *report) failure() error {
	var errs []error
	for _, res := range r.Results {
		if res.Errors > 0 || res.Requests == 0 {
			errs = append(errs, fmt.Errorf("%s at %d: %d errors, the first: %s", res.Scenario, res.Concurrency, res.Errors, res.FirstError))
		}
	}
	return errors.Join(errs...)
}

// compare prints reports side by side, scenario by scenario.
func compare(files []string, out io.Writer) error {
	if len(files) < 2 {
		return errors.New("compare: give two result files or more")
	}
	reports := make([]report, len(files))
	for i, file := range files {
		encoded, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(encoded, &reports[i]); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if reports[i].Label == "" {
			reports[i].Label = filepath.Base(file)
		}
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "scenario\tat once\t")
	for _, r := range reports {
		fmt.Fprintf(table, "%s req/s\tp50 ms\tp99 ms\tCPU ms\t", r.Label)
	}
	fmt.Fprintln(table)
	for _, first := range reports[0].Results {
		fmt.Fprintf(table, "%s\t%d\t", first.Scenario, first.Concurrency)
		for _, r := range reports {
			writeCells(table, r.find(first.Scenario, first.Concurrency))
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

func writeCells(table io.Writer, res *result) {
	if res == nil {
		fmt.Fprint(table, "-\t-\t-\t-\t")
		return
	}
	cpu := "-"
	if res.CPUSecondsEach != nil {
		cpu = fmt.Sprintf("%.2f", *res.CPUSecondsEach*1000)
	}
	fmt.Fprintf(table, "%.1f\t%.2f\t%.2f\t%s\t", res.PerSecond, res.P50, res.P99, cpu)
}

func (r *report) find(scenario string, concurrency int) *result {
	for i := range r.Results {
		if r.Results[i].Scenario == scenario && r.Results[i].Concurrency == concurrency {
			return &r.Results[i]
		}
	}
	return nil
}
