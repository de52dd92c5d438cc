// Package webapp serves the built web app: files compressed at build time, a
// strict Content-Security-Policy, and index.html for the app's own routes.
package webapp
