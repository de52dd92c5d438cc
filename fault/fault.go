package fault

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// Kind classifies a fault by what its receiver can do about it. It carries no
// HTTP status: each surface maps kinds to statuses in one table of its own.
type Kind uint8

// The zero Kind is Internal, so a forgotten field never leaks anything.
const (
	Internal         Kind = iota // our own failure; nothing of it is shown
	Invalid                      // the request is malformed: fix it and send it again
	Unprocessable                // well formed, but a rule refuses it
	Unauthenticated              // nobody is signed in, or the proof is not valid
	Forbidden                    // signed in, but not allowed
	NotFound                     // no such thing, or not yours to know of
	Conflict                     // the state of the thing does not allow it
	TooLarge                     // the body is over its limit
	RateLimited                  // too often; RetryAfter says when
	FailedDependency             // a server we depend on failed or refused
	Unavailable                  // we cannot serve this now; RetryAfter may say when
	Timeout                      // it took too long
)

var kindNames = [...]string{
	"internal", "invalid", "unprocessable", "unauthenticated", "forbidden", "not_found", "conflict",
	"too_large", "rate_limited", "failed_dependency", "unavailable", "timeout",
}

// String returns the kind's name in snake_case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[Internal]
}

// Field names one input that was refused, and why. Name is the path as the
// client sent it: "email", "messages[0].role", "query.page".
type Field struct {
	Name    string
	Message string
}

// Fault is an error that may be shown to whoever caused it. Values made by
// [Declare] are shared: every method returns a copy.
type Fault struct {
	Kind       Kind
	Code       string        // "room.reason", unique in the program
	Message    string        // one sentence for a person, in English, no secret
	Hint       string        // what to do about it, "" when Message says it
	RetryAfter time.Duration // 0 = not stated
	Fields     []Field
	Detail     map[string]any // extra data that a surface may show, never a secret

	cause error
}

var registry = struct {
	sync.Mutex
	byCode map[string]*Fault
}{byCode: map[string]*Fault{}}

// Declare registers a fault under its code and returns it. It is meant for
// package variables beside the rule that raises the fault, and panics on a
// code that is taken: two rules must not share a name.
func Declare(kind Kind, code, message, hint string) *Fault {
	registry.Lock()
	defer registry.Unlock()
	if _, taken := registry.byCode[code]; taken {
		panic("fault: code declared twice: " + code)
	}
	f := &Fault{Kind: kind, Code: code, Message: message, Hint: hint}
	registry.byCode[code] = f
	return f
}

// All returns every declared fault, ordered by code.
func All() []*Fault {
	registry.Lock()
	defer registry.Unlock()
	codes := slices.Sorted(maps.Keys(registry.byCode))
	all := make([]*Fault, len(codes))
	for i, code := range codes {
		all[i] = registry.byCode[code]
	}
	return all
}

// Error returns the code and message, with the cause for our own logs.
func (f *Fault) Error() string {
	if f.cause != nil {
		return fmt.Sprintf("%s: %s: %v", f.Code, f.Message, f.cause)
	}
	return f.Code + ": " + f.Message
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.cause }

// Is reports whether target is a fault of the same code, so that
// errors.Is(err, identity.ErrEmailTaken) holds for every copy of it.
func (f *Fault) Is(target error) bool {
	var other *Fault
	return errors.As(target, &other) && other.Code == f.Code
}

// Because returns a copy that carries the error behind it.
func (f *Fault) Because(cause error) *Fault {
	c := *f
	c.cause = cause
	return &c
}

// On returns a copy that names one more refused input.
func (f *Fault) On(field, message string) *Fault {
	c := *f
	c.Fields = append(slices.Clone(f.Fields), Field{Name: field, Message: message})
	return &c
}

// Saying returns a copy with a message for this occurrence.
func (f *Fault) Saying(format string, args ...any) *Fault {
	c := *f
	c.Message = fmt.Sprintf(format, args...)
	return &c
}

// After returns a copy that says when to try again.
func (f *Fault) After(d time.Duration) *Fault {
	c := *f
	c.RetryAfter = d
	return &c
}

// With returns a copy with one more detail that surfaces may show.
func (f *Fault) With(key string, value any) *Fault {
	c := *f
	c.Detail = maps.Clone(f.Detail)
	if c.Detail == nil {
		c.Detail = map[string]any{}
	}
	c.Detail[key] = value
	return &c
}

// ErrUnexpected is what a stranger sees of an error that no rule declared.
var ErrUnexpected = Declare(Internal, "internal.unexpected",
	"Something went wrong on our side.", "Try again; if it stays, report the request id.")

// ErrValidation is the fault of a request whose inputs are wrong; Fields say which.
var ErrValidation = Declare(Invalid, "request.validation_failed",
	"The request is not valid.", "Correct the named fields and send it again.")

// From returns err as a fault: itself when it is one, and otherwise
// ErrUnexpected with err as the hidden cause. From(nil) is nil.
func From(err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return ErrUnexpected.Because(err)
}

// LogValue shows the fault to our logs, cause included.
func (f *Fault) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("code", f.Code), slog.String("kind", f.Kind.String())}
	if f.Message != "" {
		attrs = append(attrs, slog.String("message", f.Message))
	}
	if f.cause != nil {
		attrs = append(attrs, slog.String("cause", f.cause.Error()))
	}
	return slog.GroupValue(attrs...)
}
