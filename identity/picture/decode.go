package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/webp"
)

// decoded is a picture as its file has it.
type decoded struct {
	image       image.Image
	orientation int  // Exif's: 1 = upright
	isLossless  bool // the format keeps every pixel
}

// format is a kind of file, known by how it begins. The formats are listed here
// rather than in the image package's registry, so that nothing else which is
// linked into the program is decoded.
type format struct {
	magic      string // "?" stands for any byte
	config     func(io.Reader) (image.Config, error)
	decode     func(io.Reader) (image.Image, error)
	isLossless bool
}

var formats = []format{
	{magic: "\xff\xd8\xff", config: jpeg.DecodeConfig, decode: jpeg.Decode},
	{magic: "\x89PNG\r\n\x1a\n", config: png.DecodeConfig, decode: png.Decode, isLossless: true},
	{magic: "GIF8?a", config: gif.DecodeConfig, decode: gif.Decode, isLossless: true},
	{magic: "RIFF????WEBPVP8", config: webp.DecodeConfig, decode: webp.Decode},
}

func formatOf(raw []byte) (format, bool) {
	for _, f := range formats {
		if len(raw) < len(f.magic) {
			continue
		}
		matches := true
		for i := range len(f.magic) {
			matches = matches && (f.magic[i] == '?' || f.magic[i] == raw[i])
		}
		if matches {
			return f, true
		}
	}
	return format{}, false
}

// decode reads the header, holds it against the limits, and then the pixels.
func decode(raw []byte) (d decoded, err error) {
	f, known := formatOf(raw)
	if !known {
		return decoded{}, unknownFormat(raw)
	}
	// The decoders are not ours, and a panic on bytes that nobody has tried yet
	// must cost one picture only.
	defer func() {
		if p := recover(); p != nil {
			err = ErrBroken.Because(fmt.Errorf("the decoder panicked: %v", p))
		}
	}()
	config, err := f.config(bytes.NewReader(raw))
	if err != nil {
		return decoded{}, ErrBroken.Because(err)
	}
	d = decoded{orientation: 1, isLossless: f.isLossless}
	passes := 1
	if f.magic == formats[0].magic {
		passes, d.orientation = scanJPEG(raw)
	}
	if err := checkSize(config.Width, config.Height, passes); err != nil {
		return decoded{}, err
	}
	d.image, err = f.decode(bytes.NewReader(raw))
	if err != nil {
		return decoded{}, ErrBroken.Because(err)
	}
	return d, nil
}

// maxWork is how many pixels may be gone over: a 12-megapixel progressive JPEG
// of a camera or an optimiser has 10 to 12 scans.
const maxWork = 16 * maxPixels

func checkSize(width, height, passes int) error {
	switch {
	case width < 1 || height < 1:
		return ErrBroken
	case width > maxSide || height > maxSide || width*height > maxPixels:
		return ErrTooManyPixels.Saying("The picture has %d by %d pixels.", width, height)
	case width*height*passes > maxWork:
		return ErrTooManyPixels.Saying("The picture has %d scans over %d by %d pixels.", passes, width, height)
	}
	return nil
}

// unknownFormat says more of what people try.
func unknownFormat(raw []byte) error {
	start := strings.ToLower(string(raw[:min(len(raw), 512)]))
	switch {
	case strings.Contains(start, "<svg"):
		return ErrFormat.Saying("SVG is not accepted: it is a document that can hold scripts.")
	case len(start) > 12 && start[4:8] == "ftyp":
		return ErrFormat.Saying("HEIC and AVIF are not accepted.")
	case strings.Contains(start, "<html") || strings.Contains(start, "<!doctype"):
		return ErrFormat.Saying("This is a web page and not a picture.")
	}
	return ErrFormat
}
