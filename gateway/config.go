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
	Name     string    `doc:"What a client sends."`
	Label    string    `doc:"What a person reads; empty = name."`
	Upstream string    `doc:"What the upstream is sent; empty = name."`
	Dialects []Dialect `doc:"In which dialects it may be asked, the first for requests that we build; empty = dialect."`
	Default  bool      `default:"false" doc:"Preselect it; if none is, the first is."`
}

// Config is what an operator decides about model access.
type Config struct {
	Models       []Model `doc:"The models that users may pick. Empty = whatever the upstream lists, asked once a minute."`
	Dialect      Dialect `default:"openai.chat_completions" doc:"Dialect of models that name none: openai.chat_completions or openai.responses."`
	SystemPrompt string  `doc:"Put before messages that do not skip it; empty = none."`

	TotalTimeout    time.Duration `default:"10m" doc:"Longest work on one message."`
	MaxRequestBytes int64         `default:"1048576" unit:"bytes" doc:"Largest body of a message."`
	MaxReplyBytes   int64         `default:"4194304" unit:"bytes" doc:"Longest text of one reply."`
	MaxRawBytes     int64         `default:"1048576" unit:"bytes" doc:"What the upstream_raw events of one message may hold in all; frames over it are left out, 0 leaves out all."`

	MaxActive        int `default:"1000" unit:"messages" doc:"How many messages this process works on at a time."`
	MaxActivePerUser int `default:"100" unit:"messages" doc:"How many of them may be one user's."`

	Retention     time.Duration `default:"168h" doc:"How long a message and its event log are kept, from its creation; 1h at least."`
	Heartbeat     time.Duration `default:"5s" doc:"Longest silence on an event stream."`
	Lease         time.Duration `default:"15s" doc:"How long after its process died a message may look alive; 1s at least."`
	ShutdownGrace time.Duration `default:"10s" doc:"How long running work may go on when the process is asked to stop."`
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

// models is the allow-list with every field filled.
func (c Config) models() []Model {
	models := make([]Model, len(c.Models))
	for i, m := range c.Models {
		models[i] = m.withDefaults(c.Dialect)
	}
	markDefault(models)
	return models
}

// markDefault makes the first model the default where none is.
func markDefault(models []Model) {
	if len(models) > 0 && !slices.ContainsFunc(models, func(m Model) bool { return m.Default }) {
		models[0].Default = true
	}
}

// Check reports everything that is wrong, each under the name of its field.
func (c Config) Check(report func(field, message string)) {
	refuse := func(bad bool, field, message string) {
		if bad {
			report(field, message)
		}
	}
	refuse(!slices.Contains(servedDialects, c.Dialect), "dialect", "must be one of "+joined(servedDialects))
	refuse(c.TotalTimeout <= 0, "total_timeout", "must be more than 0")
	refuse(c.MaxRequestBytes <= 0, "max_request_bytes", "must be more than 0")
	refuse(c.MaxReplyBytes <= 0, "max_reply_bytes", "must be more than 0")
	refuse(c.MaxRawBytes < 0, "max_raw_bytes", "must not be negative")
	refuse(c.MaxActive <= 0, "max_active", "must be more than 0")
	refuse(c.MaxActivePerUser <= 0, "max_active_per_user", "must be more than 0")
	refuse(c.Retention < time.Hour, "retention", "must be 1h at least")
	refuse(c.Retention < c.TotalTimeout, "retention", "must not be shorter than total_timeout")
	refuse(c.Heartbeat <= 0, "heartbeat", "must be more than 0")
	refuse(c.Lease < time.Second, "lease", "must be 1s at least")
	refuse(c.ShutdownGrace < 0, "shutdown_grace", "must not be negative")
	c.checkModels(report)
}

func (c Config) checkModels(report func(field, message string)) {
	seen := map[string]bool{}
	defaults := 0
	for _, m := range c.Models {
		if m.Name == "" {
			report("models", "every model needs a name")
		}
		if seen[m.Name] {
			report("models", "the model "+m.Name+" is listed twice")
		}
		seen[m.Name] = true
		if m.Default {
			defaults++
		}
		for _, d := range m.Dialects {
			if !slices.Contains(servedDialects, d) {
				report("models", "the model "+m.Name+" has a dialect that is not one of "+joined(servedDialects))
			}
		}
	}
	if defaults > 1 {
		report("models", "more than one model is the default")
	}
}

// validate is Check as one error.
func (c Config) validate() error {
	var errs []error
	c.Check(func(field, message string) { errs = append(errs, fmt.Errorf("gateway: %s %s", field, message)) })
	return errors.Join(errs...)
}
