package gateway

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Dialect names the shape of a request to an upstream.
type Dialect string

// Dialects of the contract. The last two are known and not served yet.
const (
	ChatCompletions       Dialect = "openai.chat_completions"
	Responses             Dialect = "openai.responses"
	AnthropicMessages     Dialect = "anthropic.messages"
	GeminiGenerateContent Dialect = "gemini.generate_content"
)

var (
	knownDialects  = []Dialect{ChatCompletions, Responses, AnthropicMessages, GeminiGenerateContent}
	servedDialects = []Dialect{ChatCompletions, Responses}
)

// Model is one entry of the allow-list.
type Model struct {
	Name     string    // what a client sends
	Label    string    // what a person reads; "" = Name
	Upstream string    // what the upstream is sent; "" = Name
	Dialects []Dialect // in which it may be asked, the first for server-built requests; empty = Config.Dialect
	Default  bool      // preselected; if none is, the first is
}

// Config is what an operator decides about model access. A zero duration or
// size takes the default; a negative one is refused.
type Config struct {
	// Models is the allow-list. Empty = whatever the upstream lists, asked
	// once a minute.
	Models []Model
	// Dialect is the one of models that name none. Default openai.chat_completions.
	Dialect Dialect
	// SystemPrompt is put before requests that do not skip it. "" = none.
	SystemPrompt string
	// TotalTimeout bounds the work on one message. Default 10 min.
	TotalTimeout time.Duration
	// MaxRequestBytes bounds the body of a create request. Default 1 MiB.
	MaxRequestBytes int64
	// MaxReplyBytes bounds the text of one reply. Default 4 MiB.
	MaxReplyBytes int64
	// MaxRawBytes bounds the upstream_raw events of one message; the frames
	// over it are left out. Default 1 MiB.
	MaxRawBytes int64
	// MaxActive bounds the messages worked on at a time by this process.
	// Default 1000.
	MaxActive int
	// MaxActivePerUser is the same for one user. Default 100.
	MaxActivePerUser int
	// Retention is how long a message and its event log are kept after it was
	// made. At least an hour. Default 7 days.
	Retention time.Duration
	// Heartbeat is the longest silence on a stream. Default 5 s.
	Heartbeat time.Duration
	// Lease is how long after its process died a message may look alive.
	// At least a second. Default 15 s.
	Lease time.Duration
	// ShutdownGrace is how long running work may go on when the process is
	// asked to stop. Default 10 s.
	ShutdownGrace time.Duration
	// SoleProcess says that no other process uses this database, so that at
	// start every unfinished message is known to be dead.
	SoleProcess bool
}

// withDefaults fills what was left zero.
func (c Config) withDefaults() Config {
	orDuration := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	orSize := func(n *int64, v int64) {
		if *n == 0 {
			*n = v
		}
	}
	orDuration(&c.TotalTimeout, 10*time.Minute)
	orDuration(&c.Retention, 7*24*time.Hour)
	orDuration(&c.Heartbeat, 5*time.Second)
	orDuration(&c.Lease, 15*time.Second)
	orDuration(&c.ShutdownGrace, 10*time.Second)
	orSize(&c.MaxRequestBytes, 1<<20)
	orSize(&c.MaxReplyBytes, 4<<20)
	orSize(&c.MaxRawBytes, 1<<20)
	if c.MaxActive == 0 {
		c.MaxActive = 1000
	}
	if c.MaxActivePerUser == 0 {
		c.MaxActivePerUser = 100
	}
	if c.Dialect == "" {
		c.Dialect = ChatCompletions
	}
	c.Models = slices.Clone(c.Models)
	for i := range c.Models {
		c.Models[i] = c.Models[i].withDefaults(c.Dialect)
	}
	markDefault(c.Models)
	return c
}

func (m Model) withDefaults(dialect Dialect) Model {
	if m.Label == "" {
		m.Label = m.Name
	}
	if m.Upstream == "" {
		m.Upstream = m.Name
	}
	if len(m.Dialects) == 0 {
		m.Dialects = []Dialect{dialect}
	}
	return m
}

// markDefault makes the first model the default where none is.
func markDefault(models []Model) {
	if len(models) > 0 && !slices.ContainsFunc(models, func(m Model) bool { return m.Default }) {
		models[0].Default = true
	}
}

// Validate reports everything that is wrong with the configuration at once.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf("gateway: "+format, args...))
		}
	}
	refuse(!slices.Contains(servedDialects, c.Dialect), "dialect %q: want one of %v", c.Dialect, servedDialects)
	refuse(c.TotalTimeout < 0, "total timeout %v is negative", c.TotalTimeout)
	refuse(c.MaxRequestBytes < 0 || c.MaxReplyBytes < 0 || c.MaxRawBytes < 0, "a size limit is negative")
	refuse(c.MaxActive < 0 || c.MaxActivePerUser < 0, "a limit of active messages is negative")
	refuse(c.Retention < time.Hour, "retention %v: want at least 1h", c.Retention)
	refuse(c.Retention < c.TotalTimeout, "retention %v is shorter than the total timeout %v", c.Retention, c.TotalTimeout)
	refuse(c.Heartbeat < 0, "heartbeat %v is negative", c.Heartbeat)
	refuse(c.Lease < time.Second, "lease %v: want at least 1s", c.Lease)
	refuse(c.ShutdownGrace < 0, "shutdown grace %v is negative", c.ShutdownGrace)
	return errors.Join(append(errs, validateModels(c.Models)...)...)
}

func validateModels(models []Model) []error {
	var errs []error
	seen := map[string]bool{}
	defaults := 0
	for i, m := range models {
		if m.Name == "" {
			errs = append(errs, fmt.Errorf("gateway: models[%d] has no name", i))
		}
		if seen[m.Name] {
			errs = append(errs, fmt.Errorf("gateway: model %q is listed twice", m.Name))
		}
		seen[m.Name] = true
		if m.Default {
			defaults++
		}
		for _, d := range m.Dialects {
			if !slices.Contains(servedDialects, d) {
				errs = append(errs, fmt.Errorf("gateway: model %q: dialect %q: want one of %v", m.Name, d, servedDialects))
			}
		}
	}
	if defaults > 1 {
		errs = append(errs, errors.New("gateway: more than one model is the default"))
	}
	return errs
}
