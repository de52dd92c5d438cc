//go:build noweb

package web

import "io/fs"

// Dist reports false: this binary was compiled with the build tag noweb and carries no web app.
func Dist() (fs.FS, bool) { return nil, false }
