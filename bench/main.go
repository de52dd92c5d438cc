// Command bench measures a running server: how fast people sign in, refresh,
// are recognised, and get the first word of a reply.
//
//	go run ./bench -url http://127.0.0.1:8080 -anon-key KEY [-pid PID] [-json result.json]
//	go run ./bench compare sqlite.json postgres.json
//
// The scenarios login, refresh, user and jwks work against any server with
// GoTrue's API (-auth-path says where it is); me, message_first_delta and
// message_completed are Tessera's own. It makes its own users: through sign-up
// where that answers with a session, else through the admin API with
// -service-role-key. Switch the server's rate limits off first: a refused
// request is an error here.
//
// Each scenario runs at each concurrency for -duration, or -requests, whichever
// comes first. In the same run the raw rate of the password hash is measured,
// since no server can sign people in faster than it can hash.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // nothing is deferred but the signal handler
	}
}

// options are the command line.
type options struct {
	URL            string
	AuthPath       string
	APIPath        string
	AnonKey        string
	ServiceRoleKey string
	Scenarios      []string
	Concurrency    []int
	Duration       time.Duration
	Requests       int
	PID            int
	JSONFile       string
	Label          string
	Hash           hashParams
}

// The bounds that no flag lifts: this is a tool for measuring, not for attacking.
const (
	maxDuration    = 5 * time.Minute
	maxConcurrency = 256
	maxRequests    = 1_000_000
)

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == "compare" {
		return compare(args[1:], stdout)
	}
	opts, err := parse(args, stderr)
	if err != nil {
		return err
	}
	report, err := measure(ctx, opts, stderr)
	if err != nil {
		return err
	}
	if err := report.writeTable(stdout); err != nil {
		return err
	}
	encoded, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	if opts.JSONFile == "" {
		fmt.Fprintf(stdout, "\n%s\n", encoded)
	} else if err := os.WriteFile(filepath.Clean(opts.JSONFile), append(encoded, '\n'), 0o600); err != nil {
		return err
	}
	return report.failure()
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.URL, "url", "http://127.0.0.1:8080", "the server")
	flags.StringVar(&o.AuthPath, "auth-path", "/auth/v1", "where GoTrue's API is below it; \"/\" for a bare GoTrue")
	flags.StringVar(&o.APIPath, "api-path", "/api/v1", "where Tessera's own API is below it")
	flags.StringVar(&o.AnonKey, "anon-key", "", "sent as the apikey header")
	flags.StringVar(&o.ServiceRoleKey, "service-role-key", "", "makes the users where sign-up needs a confirmation")
	flags.StringVar(&o.JSONFile, "json", "", "write the result to this file instead of standard output")
	flags.StringVar(&o.Label, "label", "", "what this run is called in a comparison")
	flags.DurationVar(&o.Duration, "duration", 5*time.Second, "of each scenario at each concurrency, at most 5m")
	flags.IntVar(&o.Requests, "requests", 20_000, "of each scenario at each concurrency, at most")
	flags.IntVar(&o.PID, "pid", 0, "the server's process, for its CPU time; without it /metrics is asked")
	scenarios := flags.String("scenarios", strings.Join(scenarioNames(), ","), "what to measure")
	concurrency := flags.String("concurrency", "1,16,64", "how many at a time")
	hash := flags.String("argon2id", "m=19456,t=2,p=1", "the server's password hash: memory in KiB, iterations, lanes")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	var err error
	if o.Hash, err = parseHash(*hash); err != nil {
		return o, err
	}
	if o.Concurrency, err = parseCounts(*concurrency); err != nil {
		return o, err
	}
	o.Scenarios = strings.Split(*scenarios, ",")
	o.AuthPath = "/" + strings.Trim(o.AuthPath, "/")
	o.APIPath = "/" + strings.Trim(o.APIPath, "/")
	return o, o.check()
}

func parseCounts(list string) ([]int, error) {
	var counts []int
	for part := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 || n > maxConcurrency {
			return nil, fmt.Errorf("-concurrency: %q is not a number from 1 to %d", part, maxConcurrency)
		}
		counts = append(counts, n)
	}
	return counts, nil
}

func (o options) check() error {
	for _, name := range o.Scenarios {
		if !slices.Contains(scenarioNames(), name) {
			return fmt.Errorf("-scenarios: %q is unknown; there are %s", name, strings.Join(scenarioNames(), ", "))
		}
	}
	if o.Duration <= 0 || o.Duration > maxDuration {
		return fmt.Errorf("-duration: %v is not in 0 to %v", o.Duration, maxDuration)
	}
	if o.Requests < 1 || o.Requests > maxRequests {
		return fmt.Errorf("-requests: %d is not in 1 to %d", o.Requests, maxRequests)
	}
	return nil
}
