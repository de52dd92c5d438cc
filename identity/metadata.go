package identity

import (
	"encoding/json"
	"fmt"
	"maps"

	"tessera/fault"
)

// maxMetadata bounds each kind of metadata, as JSON in bytes. Both stand in
// every access token, and servers take headers of some 8 to 64 KiB.
const maxMetadata = 16 << 10

// ErrMetadataTooLarge is of metadata that would make tokens too long to send.
var ErrMetadataTooLarge = fault.Declare(fault.Unprocessable, "identity.metadata_too_large",
	"The metadata is too large.", "Keep it within 16384 bytes of JSON: it stands in every access token. null takes a key away.")

// MergeMetadata lays changes over metadata; a null takes its key away, as
// GoTrue's PUT /user does. The result is a new map.
func MergeMetadata(metadata, changes map[string]any) map[string]any {
	merged := maps.Clone(metadata)
	if merged == nil {
		merged = map[string]any{}
	}
	for key, value := range changes {
		if value == nil {
			delete(merged, key)
			continue
		}
		merged[key] = value
	}
	return merged
}

// ChangeMetadata is MergeMetadata for what a client sends in the named field:
// nil changes nothing, and the result is bounded. Fault: ErrMetadataTooLarge.
func ChangeMetadata(field string, metadata, changes map[string]any) (map[string]any, error) {
	if changes == nil {
		return metadata, nil
	}
	merged := MergeMetadata(metadata, changes)
	return merged, CheckMetadata(field, merged)
}

// CheckMetadata bounds metadata that a client sent in the named field. Fault:
// ErrMetadataTooLarge.
func CheckMetadata(field string, metadata map[string]any) error {
	if len(metadata) == 0 {
		return nil
	}
	encoded, err := json.Marshal(metadata)
	if err != nil {
		return fmt.Errorf("%s: %w", field, err)
	}
	if len(encoded) > maxMetadata {
		return ErrMetadataTooLarge.
			Saying("%s would be %d bytes of JSON; at most %d are kept, for it stands in every access token.", field, len(encoded), maxMetadata).
			On(field, "is too large")
	}
	return nil
}
