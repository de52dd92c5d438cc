package app

// Version is the program's version; the build sets it.
var Version = "dev"
