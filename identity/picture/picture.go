package picture

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"time"
)

// Limits.
const (
	// MaxBytes is the most that an encoded picture takes: 100 KB.
	MaxBytes = 102_400
	// MaxInput is the most that is read of one.
	MaxInput = 3 << 20

	maxPixels = 12_500_000
	maxSide   = 10_000
	fitSide   = 512
	// slotWait is how long a picture waits for its turn.
	slotWait = 10 * time.Second
)

// Picture is an encoded picture.
type Picture struct {
	ContentType string // image/jpeg or image/png
	Content     []byte // at most MaxBytes
	SHA256      string // of the content, in hex
	Width       int    // in pixels, at most 512
	Height      int
}

// Encoder makes pictures of foreign bytes. It is safe for concurrent use, and
// works on one at a time.
type Encoder struct{ slot chan struct{} }

// NewEncoder returns an encoder. A process has one.
func NewEncoder() *Encoder { return &Encoder{slot: make(chan struct{}, 1)} }

// Encode makes a picture of a file's bytes. Faults: ErrFormat, ErrBroken,
// ErrTooLarge, ErrTooManyPixels, ErrBusy.
func (e *Encoder) Encode(ctx context.Context, raw []byte) (Picture, error) {
	if len(raw) > MaxInput {
		return Picture{}, ErrTooLarge
	}
	timer := time.NewTimer(slotWait)
	defer timer.Stop()
	select {
	case e.slot <- struct{}{}:
	case <-timer.C:
		return Picture{}, ErrBusy.After(slotWait)
	case <-ctx.Done():
		return Picture{}, ctx.Err()
	}
	defer func() { <-e.slot }()
	decoded, err := decode(raw)
	if err != nil {
		return Picture{}, err
	}
	upright := turn(fit(decoded.image, fitSide), decoded.orientation)
	return encode(upright, decoded.isLossless)
}

func pictureOf(content []byte, contentType string, bounds image.Rectangle) Picture {
	sum := sha256.Sum256(content)
	return Picture{
		ContentType: contentType, Content: content, SHA256: hex.EncodeToString(sum[:]),
		Width: bounds.Dx(), Height: bounds.Dy(),
	}
}
