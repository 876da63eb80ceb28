package boltstore

import "errors"

// errHeld says that another process did not let go of the file in time.
var errHeld = errors.New("another process holds it")
