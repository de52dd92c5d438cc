// Command tessera gives an AI app its accounts and its access to models. See
// `tessera --help`, and README.md for a start.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"tessera/app"
)

// commands is the command line.
type commands struct {
	Config string `short:"c" type:"path" placeholder:"FILE" help:"YAML file with settings; TESSERA_CONFIG names it as well."`

	Serve    serve    `cmd:"" help:"Run the server."`
	Demo     demo     `cmd:"" help:"Run a demonstration: the server with simulated neighbours, all on this machine."`
	Sim      sim      `cmd:"" help:"Run the simulated neighbours alone."`
	Migrate  migrate  `cmd:"" help:"Bring the database's schema up to date, or show how far it is."`
	Settings settings `cmd:"" name:"config" help:"Show the settings as they are read, secrets left out."`
	User     user     `cmd:"" help:"Manage administrators."`
	Keys     keys     `cmd:"" help:"List or rotate the keys that sign access tokens."`
	OpenAPI  openAPI  `cmd:"" name:"openapi" help:"Print the description of /api/v1 (OpenAPI 3.1)."`
	Version  version  `cmd:"" help:"Print the version."`
}

type (
	serve struct{}
	demo  struct {
		Addr        string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to listen (${default}); port 0 takes a free one."`
		Data        string `default:"data/demo" type:"path" placeholder:"DIR" help:"Where everything is kept (data/demo)."`
		Autoconfirm bool   `help:"Take e-mail addresses as confirmed; otherwise mails wait in the inbox simulator."`
	}
	sim struct {
		Addr string `default:"127.0.0.1" placeholder:"HOST" help:"Loopback address to listen on (${default})."`
	}
	migrate struct {
		Up     migrateUp     `cmd:"" help:"Apply what is pending."`
		Status migrateStatus `cmd:"" help:"List migrations and when they were applied."`
	}
	migrateUp     struct{}
	migrateStatus struct{}
	settings      struct {
		Print settingsPrint `cmd:"" default:"1" help:"Print the settings as YAML, secrets left out."`
	}
	settingsPrint struct{}
	user          struct {
		CreateAdmin createAdmin `cmd:"" help:"Make an administrator; a password is made and printed once unless one is given."`
		GrantAdmin  grantAdmin  `cmd:"" help:"Make an administrator of an existing user."`
		List        listUsers   `cmd:"" help:"List users, newest first."`
	}
	createAdmin struct {
		Email         string `arg:"" help:"The administrator's e-mail address."`
		PasswordStdin bool   `help:"Read the password from standard input, one line."`
	}
	grantAdmin struct {
		Email string `arg:"" help:"The user's e-mail address."`
	}
	listUsers struct {
		Limit int `default:"50" help:"How many (${default})."`
	}
	keys struct {
		List   listKeys   `cmd:"" help:"List the keys and what each is used for."`
		Rotate rotateKeys `cmd:"" help:"Sign with a new key from now on. Nobody is logged out."`
	}
	listKeys   struct{}
	rotateKeys struct{}
	openAPI    struct{}
	version    struct{}
)

func (serve) Run(ctx context.Context, c app.Command) error { return c.Serve(ctx) }
func (d demo) Run(ctx context.Context, c app.Command) error {
	return c.Demo(ctx, app.DemoOptions{Addr: d.Addr, Data: d.Data, Autoconfirm: d.Autoconfirm})
}
func (s sim) Run(ctx context.Context, c app.Command) error         { return c.Sim(ctx, s.Addr) }
func (migrateUp) Run(ctx context.Context, c app.Command) error     { return c.MigrateUp(ctx) }
func (migrateStatus) Run(ctx context.Context, c app.Command) error { return c.MigrateStatus(ctx) }
func (settingsPrint) Run(c app.Command) error                      { return c.PrintConfig() }
func (g grantAdmin) Run(ctx context.Context, c app.Command) error  { return c.GrantAdmin(ctx, g.Email) }

func (l listUsers) Run(ctx context.Context, c app.Command) error { return c.ListUsers(ctx, l.Limit) }
func (listKeys) Run(ctx context.Context, c app.Command) error    { return c.ListKeys(ctx) }
func (rotateKeys) Run(ctx context.Context, c app.Command) error  { return c.RotateKeys(ctx) }
func (openAPI) Run(c app.Command) error                          { return c.OpenAPI() }
func (version) Run(c app.Command) error                          { return c.Version() }
func (a createAdmin) Run(ctx context.Context, c app.Command) error {
	return c.CreateAdmin(ctx, a.Email, a.PasswordStdin)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks; the second one, no longer caught, ends at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, args []string) int {
	var cli commands
	parser, err := kong.New(&cli, kong.Name("tessera"), kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Description("Accounts and access to models for an AI app, in one binary."))
	if err != nil {
		return fail(err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		parser.FatalIfErrorf(err)
	}
	command := app.Command{ConfigFile: cli.Config, Environ: os.Environ(), In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	if err := parsed.Run(command); err != nil {
		return fail(err)
	}
	return 0
}

// fail prints an error, a line to a problem.
func fail(err error) int {
	for line := range strings.SplitSeq(strings.TrimSpace(app.Explain(err)), "\n") {
		fmt.Fprintln(os.Stderr, "tessera: "+line)
	}
	return 1
}
