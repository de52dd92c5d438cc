package app_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"tessera/app"
	"tessera/httpapi"
	"tessera/identity"
)

func TestLogsHideSecrets(t *testing.T) {
	t.Parallel()
	const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
	for name, attr := range map[string]any{
		"password":           slog.String("password", "hunter2"),
		"new_password":       slog.String("new_password", "hunter2"),
		"service_role_key":   slog.String("detail", "key is s3cr3t-value"),
		"token in a message": slog.String("note", "got "+jwt+" from a client"),
		"token in an error":  slog.Any("error", errors.New("parse "+jwt)),
		"authorization":      slog.Any("headers", map[string]string{"A": "Bearer abcdefghijkl"}),
		"database url":       slog.String("url", "postgres://u:hunter2@host/db"),
		"fault's cause":      slog.Any("error", identity.ErrEmailTaken.Because(errors.New(jwt))),
		"in a group":         slog.Group("g", slog.String("refresh_token", "hunter2")),
		"upstream key":       slog.String("m", "sk-abcdefghijklmnop"),
		"code":               slog.String("code", "hunter2"),
	} {
		var b bytes.Buffer
		log := app.NewLogger(&b, app.LogConfig{Format: "json"}, "s3cr3t-value")
		log.Info("an event", attr)
		for _, secret := range []string{"hunter2", jwt, "s3cr3t", "abcdefgh", "c2lnbmF0dXJl"} {
			if strings.Contains(b.String(), secret) {
				t.Errorf("%s: %s is in the log: %s", name, secret, b.String())
			}
		}
		if !strings.Contains(b.String(), "[hidden]") {
			t.Errorf("%s: nothing was hidden: %s", name, b.String())
		}
	}
}

func TestLogsKeepWhatIsNoSecret(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	ctx := httpapi.ContextWithRequestID(context.Background(), "req-1")
	log := app.NewLogger(&b, app.LogConfig{Format: "json"})
	log.ErrorContext(ctx, "request failed", "error", identity.ErrEmailTaken, "status", 422, "host", "db:5432")
	for _, want := range []string{`"request_id":"req-1"`, `"code":"identity.email_taken"`, `"status":422`, `"level":"ERROR"`, `"db:5432"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in %s", want, b.String())
		}
	}
}
