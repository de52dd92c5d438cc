// Package web holds the Vue app that people see, and hands its production build to the server.
//
// The app is built by "pnpm build" into dist, which is not kept in the repository; the build puts a .br and a .gz beside
// each text file. Build tag noweb leaves the app out of the binary.
package web
