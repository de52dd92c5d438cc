package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"tessera/identity"
)

// DemoOptions are what the command line says of a demonstration.
type DemoOptions struct {
	Addr        string // "" = what the settings say
	Data        string
	Autoconfirm bool
}

// demoFile is demo.json: what scripts must know of a running demonstration.
type demoFile struct {
	URL            string            `json:"url"`
	AnonKey        string            `json:"anon_key"`
	ServiceRoleKey string            `json:"service_role_key"`
	Admin          demoAdmin         `json:"admin"`
	Simulators     map[string]string `json:"simulators"`
}

type demoAdmin struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// demoEmail is the seeded administrator's address.
const demoEmail = "admin@tessera.example"

// Demo runs the server beside the simulators, with all data in one directory.
func (c Command) Demo(ctx context.Context, o DemoOptions) error {
	d, err := startDemo(ctx, c, o)
	if err != nil {
		return err
	}
	defer d.simulators.Stop()
	if err := d.announce(c); err != nil {
		return errors.Join(err, d.app.Stop(context.WithoutCancel(ctx)))
	}
	return d.app.Run(ctx)
}

// demo is a running demonstration.
type demo struct {
	app        *App
	simulators *Simulators
	file       demoFile
	path       string // of demo.json
}

func startDemo(ctx context.Context, c Command, o DemoOptions) (_ *demo, err error) {
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	d := &demo{path: filepath.Join(o.Data, "demo.json")}
	if d.simulators, err = StartSimulators(ctx, "127.0.0.1"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.simulators.Stop()
		}
	}()
	settings, err := d.settings(c, o)
	if err != nil {
		return nil, err
	}
	loaded, err := LoadConfig(c.ConfigFile, settings)
	if err != nil {
		return nil, err
	}
	log := NewLogger(c.Err, loaded.Log, append(loaded.secrets(), d.file.Admin.Password)...)
	d.app, err = Start(ctx, Options{
		Config: loaded, Log: log, Now: time.Now, //nolint:forbidigo // the composition root
		Demo: true, Simulators: d.simulators.pages(),
	})
	if err != nil {
		return nil, err
	}
	d.simulators.SendBackTo(d.app.URL)
	if err := d.seed(ctx); err != nil {
		return nil, errors.Join(err, d.app.Stop(ctx))
	}
	return d, nil
}

// settings are those of the simulators, then the environment, then the flags.
func (d *demo) settings(c Command, o DemoOptions) ([]string, error) {
	settings, err := d.simulators.Environment()
	if err != nil {
		return nil, err
	}
	settings = append(settings, "TESSERA_ENVIRONMENT=development", "TESSERA_DATA_DIR="+o.Data,
		"TESSERA_LOG_LEVEL=warn", "TESSERA_LOG_FORMAT=text",
		// An app that somebody writes on this machine may sign people in here.
		"TESSERA_SITE_ALLOWED_REDIRECTS=http://127.0.0.1:*/**,http://localhost:*/**")
	settings = append(settings, c.Environ...)
	if o.Addr != "" {
		settings = append(settings, "TESSERA_HTTP_ADDR="+o.Addr)
	}
	if o.Autoconfirm {
		settings = append(settings, "TESSERA_AUTH_AUTOCONFIRM=true")
	}
	return settings, nil
}

// seed makes the administrator, or finds the one of an earlier run, whose
// password stands in demo.json. When that is gone the account gets another.
func (d *demo) seed(ctx context.Context) error {
	ctx = identity.WithActor(ctx, identity.Actor{Name: "demo"})
	known, err := readDemoFile(d.path)
	if err != nil {
		return err
	}
	admin := known.Admin
	if admin.Password == "" {
		admin = demoAdmin{Email: demoEmail, Password: rand.Text()}
	}
	if err := d.seedAdmin(ctx, admin, known.Admin.Password == ""); err != nil {
		return fmt.Errorf("seed the administrator: %w", err)
	}
	d.file = demoFile{
		URL: d.app.URL, AnonKey: d.app.AnonKey, ServiceRoleKey: d.app.ServiceRoleKey, Admin: admin, Simulators: d.simulators.urls(),
	}
	return writeDemoFile(d.path, d.file)
}

func (d *demo) seedAdmin(ctx context.Context, admin demoAdmin, passwordIsNew bool) error {
	accounts := d.app.core.accounts
	user, err := accounts.Store.UserByEmail(ctx, admin.Email)
	switch {
	case errors.Is(err, identity.ErrUserNotFound):
		_, err = d.app.core.createAdmin(ctx, admin.Email, admin.Password)
	case err == nil && passwordIsNew:
		_, err = accounts.SetPassword(ctx, user.ID, admin.Password)
	default:
		return err
	}
	debug.FreeOSMemory() // what hashing the password took, 19 MiB, is not needed again soon
	return err
}

func readDemoFile(path string) (demoFile, error) {
	var f demoFile
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("demo.json: %w", err)
	}
	if err := json.Unmarshal(content, &f); err != nil {
		return f, fmt.Errorf("%s is damaged; delete it: %w", path, err)
	}
	return f, nil
}

// writeDemoFile replaces the file at once: a script may be reading it.
func writeDemoFile(path string, f demoFile) error {
	content, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	next := path + ".next"
	if err := os.WriteFile(next, append(content, '\n'), 0o600); err != nil {
		return fmt.Errorf("demo.json: %w", err)
	}
	return os.Rename(next, path)
}

// announce tells a person where to go.
func (d *demo) announce(c Command) error {
	var b strings.Builder
	row := func(label, value string) { fmt.Fprintf(&b, "  %-26s %s\n", label, value) }
	b.WriteString("\nTessera " + Version + ", a demonstration with simulated neighbours\n\n")
	row("Open", d.file.URL)
	row("Administrator", d.file.Admin.Email)
	row("Password", d.file.Admin.Password)
	b.WriteString("\n")
	for _, p := range d.simulators.pages() {
		row(p.Label, p.URL)
	}
	b.WriteString("\n")
	row("For scripts", d.path)
	b.WriteString("  Ctrl-C ends it; the data stays.\n\n")
	_, err := c.Out.Write([]byte(b.String()))
	return err
}
