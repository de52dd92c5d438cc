package provider

import (
	"context"
	"time"

	"tessera/fault"
)

// Setup is a provider that an administrator set up at run time.
type Setup struct {
	Name          string // in URLs
	Type          string
	DisplayName   string
	IsEnabled     bool
	Config        Values // what is no secret
	SecretsSealed []byte
	Version       int64 // 1, 2, ... with each save
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// SetupStore keeps setups. All methods take part in the context's transaction.
type SetupStore interface {
	// Setups returns all, ordered by name.
	Setups(ctx context.Context) ([]Setup, error)
	// Setup returns one. Fault: ErrUnknown.
	Setup(ctx context.Context, name string) (Setup, error)
	// CreateSetup writes a new one; of several at once each waits until the one
	// before is over. Fault: ErrNameTaken.
	CreateSetup(ctx context.Context, s Setup) error
	// ChangeSetup writes a setup as version loaded+1, where it is still the
	// loaded one. Fault: ErrSetupChanged.
	ChangeSetup(ctx context.Context, s Setup, loaded int64) error
	// DeleteSetup removes one; false when there was none.
	DeleteSetup(ctx context.Context, name string) (bool, error)
}

// Sealer seals secrets that are stored; secret.Key does.
type Sealer interface {
	Seal(purpose string, plain []byte) []byte
	Open(purpose string, sealed []byte) ([]byte, error)
}

// Event is what happened to a setup.
type Event string

// Events of setups.
const (
	EventCreated Event = "created"
	EventChanged Event = "changed"
	EventRemoved Event = "removed"
)

// Faults of setups.
var (
	ErrNameTaken = fault.Declare(fault.Conflict, "provider.name_taken",
		"A provider has this name already.", "Choose another name.")
	ErrNameInvalid = fault.Declare(fault.Unprocessable, "provider.name_invalid",
		"This cannot be a provider's name.", "Use 1 to 40 of a-z, 0-9, _, : and -, with a letter or a digit at both ends.")
	ErrTypeUnknown = fault.Declare(fault.Unprocessable, "provider.type_unknown",
		"There is no such type of provider.", "Choose one of the types that the server lists.")
	ErrTypeTaken = fault.Declare(fault.Conflict, "provider.type_taken",
		"There is a provider of this type already, and a second one's people would be taken for the first one's.", "Change that one.")
	ErrSetupChanged = fault.Declare(fault.Conflict, "provider.changed_meanwhile",
		"Somebody else saved this provider in between.", "Load it again, and make your change there.")
	ErrFixed = fault.Declare(fault.Unprocessable, "provider.fixed",
		"This provider is set up in the server's configuration.", "Change it there, and start the server again.")
	ErrSealBroken = fault.Declare(fault.Internal, "provider.secrets_unreadable",
		"The secrets of this provider were sealed with another key.", "Enter them again.")
)
