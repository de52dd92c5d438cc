package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"tessera/fault"
	"tessera/secret"
)

// secretKey returns the configured key. Where none is, development gets one
// that is made once and kept in the data directory; production is refused,
// for a key that nobody keeps is a key that gets lost.
func secretKey(c Config) (secret.Key, error) {
	if c.SecretKey != "" {
		key, err := secret.Parse(c.SecretKey)
		if err != nil {
			return secret.Key{}, fmt.Errorf("TESSERA_SECRET_KEY: %s %s", fault.From(err).Message, fault.From(err).Hint)
		}
		return key, nil
	}
	if c.Environment != "development" {
		return secret.Key{}, errors.New("no secret key is set; make one, keep it, and start again with it: " +
			"export TESSERA_SECRET_KEY=$(" + secret.Generator + ")")
	}
	return keptKey(filepath.Join(c.DataDir, "secret.key"))
}

// keptKey reads the key from a file, and makes the file when there is none.
func keptKey(path string) (secret.Key, error) {
	content, err := os.ReadFile(path)
	if err == nil {
		key, err := secret.Parse(string(content))
		if err != nil {
			return secret.Key{}, fmt.Errorf("%s: %w", path, err)
		}
		return key, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return secret.Key{}, fmt.Errorf("secret key: %w", err)
	}
	key := secret.Generate()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return secret.Key{}, fmt.Errorf("secret key: %w", err)
	}
	// O_EXCL: of two processes that start at once, one makes the key.
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return keptKey(path)
	}
	if err != nil {
		return secret.Key{}, fmt.Errorf("secret key: %w", err)
	}
	_, err = file.WriteString(key.Encode() + "\n")
	return key, errors.Join(err, file.Close())
}
