package cli

// Mozilla's root certificates, for an image or a root directory that has none. Where the system has its
// own, or SSL_CERT_FILE or SSL_CERT_DIR name some, those are used and these are not.
import _ "golang.org/x/crypto/x509roots/fallback"
