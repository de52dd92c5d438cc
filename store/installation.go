package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// installationID is the setting that holds facts about this installation.
const installationID = "installation"

type installation struct {
	InstalledAt time.Time `json:"installed_at"`
}

// InstalledAt returns when this installation began: the time of the first call
// ever, on whichever replica. It never changes.
func (db *DB) InstalledAt(ctx context.Context, now time.Time) (time.Time, error) {
	document, err := json.Marshal(installation{InstalledAt: now.UTC().Truncate(time.Second)})
	if err != nil {
		return time.Time{}, err
	}
	_, err = db.exec(ctx, `INSERT INTO settings (id, document, version, updated_at) VALUES (?, ?, 1, ?) ON CONFLICT (id) DO NOTHING`,
		installationID, document, utc(now))
	if err != nil {
		return time.Time{}, fmt.Errorf("note the installation: %w", err)
	}
	row, err := db.accounts(ctx).Setting.Get(ctx, installationID)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the installation: %w", err)
	}
	var known installation
	if err := json.Unmarshal(row.Document, &known); err != nil {
		return time.Time{}, fmt.Errorf("read the installation: %w", err)
	}
	return known.InstalledAt, nil
}
