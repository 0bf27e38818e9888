//! Certificate authorities beside the system's own, as networks with an inspecting proxy need them.

use std::path::{Path, PathBuf};

use reqwest::Certificate;

use super::credentials::Environment;
use super::error::SetupError;

const OWN: &str = "ANYPOINT_CERTIFICATE";
const OPENSSL: &str = "SSL_CERT_FILE";

/// Where Linux distributions and BSDs keep their bundle of authorities.
const SYSTEM_BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/etc/ssl/cert.pem",
];

/// A PEM file of authorities to trust, and the variable that named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFile {
    pub variable: &'static str,
    pub path: PathBuf,
}

/// Returns the files that `ANYPOINT_CERTIFICATE` and `SSL_CERT_FILE` name.
pub fn certificate_files(environment: Environment<'_>) -> Vec<CertificateFile> {
    [OWN, OPENSSL]
        .into_iter()
        .filter_map(|variable| {
            let path = environment(variable).filter(|path| !path.is_empty())?;
            Some(CertificateFile { variable, path: path.into() })
        })
        .collect()
}

/// Reads every certificate of the files; a file that cannot be read or holds none is an error.
pub(super) fn load(files: &[CertificateFile]) -> Result<Vec<Certificate>, SetupError> {
    let mut certificates = Vec::new();
    for file in files {
        certificates.extend(read(file)?);
    }
    // Where this variable is set, the system's verifier reads that file in place of the system's bundle.
    if files.iter().any(|file| file.variable == OPENSSL) {
        certificates.extend(system_bundle());
    }
    Ok(certificates)
}

fn read(CertificateFile { variable, path }: &CertificateFile) -> Result<Vec<Certificate>, SetupError> {
    let fail = |reason: String| {
        SetupError::new(format!("cannot read the certificates of {variable}, {}: {reason}", path.display()))
            .with_hint(format!("{variable} is the path of a PEM file with one or more CERTIFICATE blocks"))
    };
    let pem = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| fail("a block is not valid PEM".to_owned()))?;
    if certificates.is_empty() {
        return Err(fail("there is no certificate in it".to_owned()));
    }
    // The TLS library would refuse the whole client for one such block, and would not say where it stands.
    for (place, block) in blocks(&pem).enumerate() {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(block).map_err(|error| fail(format!("certificate {} is not usable: {error}", place + 1)))?;
    }
    Ok(certificates)
}

fn blocks(pem: &[u8]) -> impl Iterator<Item = rustls::pki_types::CertificateDer<'static>> + '_ {
    use rustls::pki_types::pem::PemObject;

    rustls::pki_types::CertificateDer::pem_slice_iter(pem).filter_map(Result::ok)
}

#[cfg(all(unix, not(target_vendor = "apple"), not(target_os = "android")))]
fn system_bundle() -> Vec<Certificate> {
    SYSTEM_BUNDLES.iter().find_map(|path| usable(Path::new(path))).unwrap_or_default()
}

/// Elsewhere the system's verifier keeps to the system's own store.
#[cfg(not(all(unix, not(target_vendor = "apple"), not(target_os = "android"))))]
fn system_bundle() -> Vec<Certificate> {
    Vec::new()
}

/// Returns the bundle's certificates that the TLS library takes; one odd authority must not cost all others.
fn usable(path: &Path) -> Option<Vec<Certificate>> {
    let pem = std::fs::read(path).ok()?;
    let mut roots = rustls::RootCertStore::empty();
    let certificates: Vec<Certificate> = blocks(&pem)
        .filter(|block| roots.add(block.clone()).is_ok())
        .filter_map(|block| Certificate::from_der(&block).ok())
        .collect();
    (!certificates.is_empty()).then_some(certificates)
}
