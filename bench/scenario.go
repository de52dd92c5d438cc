package main

import (
	"context"
	"net/http"
	"time"
)

// scenario is one thing to measure. Its operation returns how long it took
// where that is not simply the whole call; 0 = the whole call.
type scenario struct {
	name string
	// prepare runs once before the scenario, untimed; may be nil.
	prepare func(ctx context.Context, c *client, u *user) (state string, err error)
	run     func(ctx context.Context, c *client, u *user, state string) (time.Duration, error)
}

// loginScenario is the one that the password hash bounds.
const loginScenario = "login"

var scenarios = []scenario{
	{name: loginScenario, run: func(ctx context.Context, c *client, u *user, _ string) (time.Duration, error) {
		return 0, c.login(ctx, u)
	}},
	{name: "refresh", run: func(ctx context.Context, c *client, u *user, _ string) (time.Duration, error) {
		return 0, c.refresh(ctx, u)
	}},
	{name: "user", run: func(ctx context.Context, c *client, u *user, _ string) (time.Duration, error) {
		return 0, c.call(ctx, http.MethodGet, c.auth("/user"), u.session.AccessToken, nil, nil)
	}},
	{name: "jwks", run: func(ctx context.Context, c *client, _ *user, _ string) (time.Duration, error) {
		return 0, c.call(ctx, http.MethodGet, c.auth("/.well-known/jwks.json"), "", nil, nil)
	}},
	{name: "me", run: func(ctx context.Context, c *client, u *user, _ string) (time.Duration, error) {
		return 0, c.call(ctx, http.MethodGet, c.api("/me"), u.session.AccessToken, nil, nil)
	}},
	{
		name:    "message_first_delta",
		prepare: func(ctx context.Context, c *client, u *user) (string, error) { return c.model(ctx, u) },
		run: func(ctx context.Context, c *client, u *user, model string) (time.Duration, error) {
			return c.message(ctx, u, model, "content_delta")
		},
	},
	{
		name:    "message_completed",
		prepare: func(ctx context.Context, c *client, u *user) (string, error) { return c.model(ctx, u) },
		run: func(ctx context.Context, c *client, u *user, model string) (time.Duration, error) {
			return c.message(ctx, u, model, "completed")
		},
	},
}

func scenarioNames() []string {
	names := make([]string, len(scenarios))
	for i, s := range scenarios {
		names[i] = s.name
	}
	return names
}

func scenarioNamed(name string) scenario {
	for _, s := range scenarios {
		if s.name == name {
			return s
		}
	}
	panic("bench: unknown scenario " + name) // options.check has seen to it
}
