package admin

var openAPI []byte
