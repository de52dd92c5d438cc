package picture

import "encoding/binary"

// Markers of a JPEG file (ITU-T T.81, table B.1).
const (
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerRST0 = 0xd0
	markerRST7 = 0xd7
	markerAPP1 = 0xe1
)

// scanJPEG walks the segments of a JPEG file, as leniently as its decoder does,
// and returns the number of scans and the orientation of its Exif data, 1 where
// there is none.
func scanJPEG(raw []byte) (scans, orientation int) {
	orientation = 1
	for at := 2; at+1 < len(raw); {
		if raw[at] != 0xff || raw[at+1] == 0xff {
			at++ // entropy-coded data, or fill bytes
			continue
		}
		marker := raw[at+1]
		at += 2
		switch {
		case marker == 0 || marker == markerSOI || marker >= markerRST0 && marker <= markerRST7:
			continue // stuffing, and what has no length
		case marker == markerEOI:
			return scans, orientation
		case marker == markerSOS:
			scans++
		}
		if at+2 > len(raw) {
			break
		}
		end := at + int(binary.BigEndian.Uint16(raw[at:]))
		if marker == markerAPP1 && end <= len(raw) && end > at+2 {
			if o := exifOrientation(raw[at+2 : end]); o != 0 {
				orientation = o
			}
		}
		at = max(end, at+2)
	}
	return scans, orientation
}

// exifOrientation reads the tag Orientation of the first directory (Exif 2.3,
// 4.6.4; TIFF 6.0, section 2); 0 when it is not there.
func exifOrientation(segment []byte) int {
	const header = "Exif\x00\x00"
	if len(segment) < len(header)+8 || string(segment[:len(header)]) != header {
		return 0
	}
	tiff := segment[len(header):]
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	at := int(order.Uint32(tiff[4:]))
	if at < 8 || at+2 > len(tiff) {
		return 0
	}
	entries := int(order.Uint16(tiff[at:]))
	for at += 2; entries > 0 && at+12 <= len(tiff); entries, at = entries-1, at+12 {
		const tagOrientation, typeShort = 0x0112, 3
		if order.Uint16(tiff[at:]) == tagOrientation && order.Uint16(tiff[at+2:]) == typeShort {
			if o := int(order.Uint16(tiff[at+8:])); o >= 1 && o <= 8 {
				return o
			}
			return 0
		}
	}
	return 0
}
