package picture

import (
	"encoding/base64"
	"mime"
	"strings"
)

// ParseDataURL returns the bytes of a picture's data URL (RFC 2397). The stated
// type must be a picture's; which one is found in the bytes. Faults: ErrDataURL,
// ErrTooLarge.
func ParseDataURL(raw string) ([]byte, error) {
	const scheme = "data:"
	header, content, found := strings.Cut(raw, ",")
	if !found || len(header) > 256 || len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return nil, ErrDataURL
	}
	stated, isBase64 := strings.CutSuffix(header[len(scheme):], ";base64")
	if !isBase64 {
		return nil, ErrDataURL.Saying("A picture's data URL is in base64.")
	}
	kind, _, err := mime.ParseMediaType(stated)
	if err != nil || !strings.HasPrefix(kind, "image/") {
		return nil, ErrDataURL.Saying("The data URL does not say that it is a picture.")
	}
	if base64.StdEncoding.DecodedLen(len(content)) > MaxInput+2 { // what padding may hide
		return nil, ErrTooLarge
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(content)
	if err != nil {
		return nil, ErrDataURL.Saying("The data URL is not in base64.").Because(err)
	}
	return decoded, nil
}
