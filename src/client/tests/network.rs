//! Certificate files, TLS, and proxies.
