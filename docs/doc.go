// Package docs holds what is written for people. The pages that can be made
// from the program are, by its test: a page that differs fails it, and
// `go test ./docs -update`, part of `make generate`, writes it anew.
package docs
