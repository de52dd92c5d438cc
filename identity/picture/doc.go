// Package picture turns bytes of unknown origin into a small picture that is
// safe to serve, and fetches such bytes from addresses that strangers name.
//
// # What comes in
//
// JPEG, PNG, GIF and WebP: of an animation the first frame. Nothing of the bytes
// themselves comes out again: the picture is decoded, turned upright as its Exif
// says, made to fit 512 by 512, and encoded anew. So metadata, places, trailing
// archives and scripts are gone, and two names for one file are one picture.
//
// # What it refuses
//
//   - More than 3 MiB, 12.5 million pixels or 10,000 pixels on a side: the
//     header is read before any pixel is, since a file of 100 bytes can claim to
//     be a square mile.
//   - A progressive JPEG with more scans over its pixels than a camera writes:
//     each costs as much as the whole picture.
//   - SVG, which is a document with scripts and not a picture.
//
// # What goes out
//
// At most 102,400 bytes: JPEG, or PNG for what is transparent or has few
// colours, in smaller and coarser steps until it fits. One picture is decoded at
// a time, for its memory.
//
// # Fetching
//
// [Fetcher] makes connections only to addresses that everybody can reach. The
// check is made on the very address that is connected to, after the name was
// resolved, so that a name which resolves to something else the second time
// gains nothing; it is made anew for each redirect. No proxy, no cookie, no
// Referer, ports 80 and 443, three redirects, one deadline over all.
package picture
