package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
)

const selfPID = -1

// ticksPerSecond is USER_HZ, which Linux fixes at 100 for /proc.
const ticksPerSecond = 100

// processCPU returns the CPU seconds that a process has used, from
// /proc/PID/stat (proc(5)): user and system time, of all its threads.
func processCPU(pid int) (float64, error) {
	name := "self"
	if pid != selfPID {
		name = strconv.Itoa(pid)
	}
	stat, err := os.ReadFile("/proc/" + name + "/stat")
	if err != nil {
		return 0, fmt.Errorf("CPU time of process %s: %w", name, err)
	}
	return parseStat(string(stat))
}

func parseStat(stat string) (float64, error) {
	// The second field is the command in parentheses, which may hold anything.
	_, rest, found := cutLast(stat, ") ")
	fields := strings.Fields(rest)
	if !found || len(fields) < 13 {
		return 0, errors.New("CPU time: /proc/PID/stat is not in the known form")
	}
	user, err := strconv.ParseFloat(fields[11], 64)
	if err != nil {
		return 0, fmt.Errorf("CPU time: %w", err)
	}
	system, err := strconv.ParseFloat(fields[12], 64)
	if err != nil {
		return 0, fmt.Errorf("CPU time: %w", err)
	}
	return (user + system) / ticksPerSecond, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// serverCPU returns the CPU seconds of the measured server: by its process
// where that is known, else by the process_cpu_seconds_total of its /metrics.
func (c *client) serverCPU(ctx context.Context, pid int) (float64, error) {
	if pid != 0 {
		return processCPU(pid)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.opts.URL+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), "process_cpu_seconds_total "); found {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, errors.New("the server's /metrics has no process_cpu_seconds_total")
}
