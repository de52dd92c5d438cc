package app

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"text/tabwriter"
	"time"

	"tessera/app/config"
	"tessera/fault"
	"tessera/identity"
	"tessera/store"
)

// Command runs what the command line asks for.
type Command struct {
	ConfigFile string
	Environ    []string
	In         io.Reader
	Out, Err   io.Writer
}

func (c Command) load() (Config, *slog.Logger, error) {
	loaded, err := LoadConfig(c.ConfigFile, c.Environ)
	if err != nil {
		return Config{}, nil, err
	}
	return loaded, NewLogger(c.Err, loaded.Log, loaded.secrets()...), nil
}

// Serve runs the server until ctx ends.
func (c Command) Serve(ctx context.Context) error {
	loaded, log, err := c.load()
	if err != nil {
		return err
	}
	a, err := Start(ctx, Options{Config: loaded, Log: log, Now: time.Now}) //nolint:forbidigo // the composition root
	if err != nil {
		return err
	}
	return a.Run(ctx)
}

// PrintConfig prints the settings, secrets left out.
func (c Command) PrintConfig() error {
	loaded, _, err := c.load()
	if err != nil {
		return err
	}
	return config.WriteYAML(c.Out, &loaded)
}

// Version prints the version.
func (c Command) Version() error {
	_, err := fmt.Fprintln(c.Out, Version)
	return err
}

// OpenAPI prints the description of /api/v1.
func (c Command) OpenAPI() error {
	spec, err := OpenAPI()
	if err != nil {
		return err
	}
	_, err = c.Out.Write(spec)
	return err
}

// MigrateUp applies pending migrations; opening a database does it.
func (c Command) MigrateUp(ctx context.Context) error {
	return c.withDB(ctx, store.Options{}, func(db *store.DB) error {
		return c.printMigrations(ctx, db)
	})
}

// MigrateStatus lists migrations and applies none.
func (c Command) MigrateStatus(ctx context.Context) error {
	return c.withDB(ctx, store.Options{SkipMigrations: true}, func(db *store.DB) error {
		return c.printMigrations(ctx, db)
	})
}

func (c Command) withDB(ctx context.Context, o store.Options, use func(*store.DB) error) error {
	loaded, log, err := c.load()
	if err != nil {
		return err
	}
	o.Log = log
	db, err := store.Open(ctx, loaded.databaseURL(), o)
	if err != nil {
		return err
	}
	return errors.Join(use(db), db.Close())
}

func (c Command) printMigrations(ctx context.Context, db *store.DB) error {
	all, err := db.Migrations(ctx)
	if err != nil {
		return err
	}
	return c.table([]string{"VERSION", "NAME", "APPLIED"}, len(all), func(i int) []string {
		return []string{fmt.Sprint(all[i].Version), all[i].Name, timeOr(all[i].AppliedAt, "pending")}
	})
}

// Explain is an error as a person at a terminal reads it: a declared fault in
// its own words, with what to do about it.
func Explain(err error) string {
	var f *fault.Fault
	if !errors.As(err, &f) || f.Kind == fault.Internal {
		return err.Error()
	}
	text := f.Message
	for _, field := range f.Fields {
		text += " " + field.Name + " " + field.Message + "."
	}
	return strings.TrimSpace(text + " " + f.Hint)
}

// withCore opens what commands about accounts and keys need.
func (c Command) withCore(ctx context.Context, use func(context.Context, *core) error) error {
	loaded, log, err := c.load()
	if err != nil {
		return err
	}
	external, err := externalURL(loaded, configuredAddr(loaded.HTTP.Addr), false)
	if err != nil {
		return err
	}
	k, err := openCore(ctx, loaded, external, log, time.Now) //nolint:forbidigo // the composition root
	if err != nil {
		return err
	}
	ctx = identity.WithActor(ctx, identity.Actor{Name: "command line"})
	return errors.Join(use(ctx, k), k.db.Close())
}

// configuredAddr is an address that nobody listens on yet.
type configuredAddr string

func (a configuredAddr) Network() string { return "tcp" }
func (a configuredAddr) String() string  { return string(a) }

var _ net.Addr = configuredAddr("")

// CreateAdmin makes an administrator and prints the password if it made one.
func (c Command) CreateAdmin(ctx context.Context, email string, passwordFromIn bool) error {
	return c.withCore(ctx, func(ctx context.Context, k *core) error {
		password, isMade, err := c.password(passwordFromIn)
		if err != nil {
			return err
		}
		user, err := k.createAdmin(ctx, email, password)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.Out, "Administrator %s created (%s).\n", user.Email, user.ID)
		if isMade {
			fmt.Fprintf(c.Out, "Password: %s\nIt is not shown again.\n", password)
		}
		return nil
	})
}

func (c Command) password(fromIn bool) (password string, isMade bool, err error) {
	if !fromIn {
		return rand.Text(), true, nil
	}
	line, err := bufio.NewReader(io.LimitReader(c.In, 1024)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", false, fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), false, nil
}

// createAdmin makes a confirmed user who is an administrator.
func (k *core) createAdmin(ctx context.Context, email, password string) (identity.User, error) {
	return k.accounts.Create(ctx, identity.New{
		Email: email, Password: password, IsConfirmed: true, IsAdmin: true, Origin: identity.OriginAdmin,
	})
}

// GrantAdmin makes an administrator of a user.
func (c Command) GrantAdmin(ctx context.Context, email string) error {
	return c.withCore(ctx, func(ctx context.Context, k *core) error {
		normalised, err := identity.NormalizeEmail(email)
		if err != nil {
			return err
		}
		user, err := k.accounts.Store.UserByEmail(ctx, normalised)
		if err != nil {
			return err
		}
		_, err = k.accounts.Modify(ctx, user.ID, identity.ActionAdminGranted, func(u *identity.User) error {
			u.IsAdmin = true
			return nil
		})
		if err == nil {
			fmt.Fprintf(c.Out, "%s is an administrator.\n", normalised)
		}
		return err
	})
}

// ListUsers prints the newest users.
func (c Command) ListUsers(ctx context.Context, limit int) error {
	return c.withCore(ctx, func(ctx context.Context, k *core) error {
		users, total, err := k.accounts.Store.ListUsers(ctx, 0, limit)
		if err != nil {
			return err
		}
		err = c.table([]string{"ID", "EMAIL", "ADMIN", "BEGAN AS", "CREATED", "LAST SIGN-IN"}, len(users), func(i int) []string {
			u := users[i]
			last := "never"
			if u.LastSignInAt != nil {
				last = timeOr(*u.LastSignInAt, last)
			}
			return []string{u.ID.String(), u.Email, fmt.Sprint(u.IsAdmin), u.SignupSource, timeOr(u.CreatedAt, ""), last}
		})
		if total > len(users) {
			fmt.Fprintf(c.Out, "... and %d more\n", total-len(users))
		}
		return err
	})
}

// ListKeys prints the signing keys.
func (c Command) ListKeys(ctx context.Context) error {
	return c.withCore(ctx, func(ctx context.Context, k *core) error { return c.printKeys(ctx, k) })
}

// RotateKeys signs with the standby key from now on.
func (c Command) RotateKeys(ctx context.Context) error {
	return c.withCore(ctx, func(ctx context.Context, k *core) error {
		started, cancel := context.WithCancel(ctx)
		defer cancel()
		if err := k.ring.Start(started); err != nil {
			return err
		}
		if _, err := k.ring.Rotate(ctx); err != nil {
			return err
		}
		return c.printKeys(ctx, k)
	})
}

func (c Command) printKeys(ctx context.Context, k *core) error {
	keys, err := k.ring.List(ctx)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		_, err := fmt.Fprintln(c.Out, "There are no keys yet: the first start of the server makes them.")
		return err
	}
	return c.table([]string{"KID", "ALG", "STATE", "CREATED", "VERIFIES UNTIL"}, len(keys), func(i int) []string {
		key := keys[i]
		return []string{key.ID, key.Alg, string(key.State), timeOr(key.CreatedAt, ""), timeOr(key.VerifyUntil, "")}
	})
}

func (c Command) table(head []string, n int, row func(i int) []string) error {
	w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(head, "\t"))
	for i := range n {
		fmt.Fprintln(w, strings.Join(row(i), "\t"))
	}
	return w.Flush()
}

func timeOr(t time.Time, word string) string {
	if t.IsZero() {
		return word
	}
	return t.UTC().Format(time.RFC3339)
}
