//go:build !unix

package store

import (
	"fmt"
	"os"
)

// lockFile only marks the database as open where the system has no flock.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("database lock: %w", err)
	}
	return f, nil
}
