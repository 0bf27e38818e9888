//! Certificate authorities, TLS, and proxies.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::rustls;

use super::server::{Server, TestClock, json, options};
use crate::client::{
    CertificateFile, Client, Credential, Host, Kind, Options, Origin, certificate_files, install_crypto_provider,
};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut parameters = CertificateParams::new([]).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

fn write(directory: &tempfile::TempDir, name: &str, content: &str) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn files(variable: &'static str, path: &Path) -> Vec<CertificateFile> {
    vec![CertificateFile { variable, path: path.to_owned() }]
}

/// Answers `[]` to everything over TLS, with a certificate for `localhost`.
async fn tls_server(authority: &Authority) -> SocketAddr {
    install_crypto_provider();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut buffer = [0; 4096];
            if stream.read(&mut buffer).await.is_ok() {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n[]").await;
                let _ = stream.shutdown().await;
            }
        }
    });
    address
}

fn tls_options(address: SocketAddr, certificates: Vec<CertificateFile>) -> Options {
    let host = Host::parse(&format!("https://localhost:{}", address.port()), Origin::Flag("--host")).unwrap();
    let credential = Credential::bearer(&"t".into(), Origin::Embedded).unwrap();
    Options { host, credential, certificates, ..options(address, TestClock::jumping()) }
}

#[tokio::test]
async fn an_authority_of_the_network_is_trusted_once_it_is_named() {
    let (ours, other) = (authority(), authority());
    let address = tls_server(&ours).await;
    let directory = tempfile::tempdir().unwrap();
    let bundle = write(&directory, "bundle.pem", &format!("# two\n{}\n{}", other.pem(), ours.pem()));
    let without = write(&directory, "other.pem", &other.pem());
    for variable in ["ANYPOINT_CERTIFICATE", "SSL_CERT_FILE"] {
        let client = Client::new(tls_options(address, files(variable, &bundle))).unwrap();
        assert_eq!(client.reader().connections().await.unwrap(), []);
    }
    let client = Client::new(tls_options(address, files("ANYPOINT_CERTIFICATE", &without))).unwrap();
    let error = client.reader().connections().await.unwrap_err();
    // Nobody will vouch for it at the fifth attempt either.
    assert_eq!((error.kind(), error.attempts()), (Kind::Connect, 1));
    assert!(error.message().contains("certificate"), "{error}");
    assert!(error.hint().unwrap().contains("ANYPOINT_CERTIFICATE"));
}

#[test]
fn a_bad_certificate_file_is_named_with_its_variable() {
    let directory = tempfile::tempdir().unwrap();
    let garbled = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (path, message) in [
        (directory.path().join("absent.pem"), "No such file"),
        (directory.path().to_owned(), "directory"),
        (write(&directory, "empty.pem", ""), "there is no certificate in it"),
        (write(&directory, "key.pem", &KeyPair::generate().unwrap().serialize_pem()), "there is no certificate in it"),
        (write(&directory, "garbled.pem", &[&authority().pem(), garbled].concat()), "certificate 2 is not usable"),
        (write(&directory, "cut.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n"), "not valid PEM"),
        (write(&directory, "letters.pem", &garbled.replace("AAAA", "!!!!")), "not valid PEM"),
    ] {
        let address = "127.0.0.1:1".parse().unwrap();
        let error = Client::new(tls_options(address, files("ANYPOINT_CERTIFICATE", &path))).unwrap_err();
        let start = format!("cannot read the certificates of ANYPOINT_CERTIFICATE, {}: ", path.display());
        assert!(error.to_string().starts_with(&start) && error.to_string().contains(message), "{error}");
        assert!(error.hint().unwrap().contains("PEM"));
    }
}

#[test]
fn the_environment_names_certificate_files() {
    let environment = |name: &str| match name {
        "ANYPOINT_CERTIFICATE" => Some("/a.pem".to_owned()),
        "SSL_CERT_FILE" => Some(String::new()),
        _ => None,
    };
    assert_eq!(certificate_files(&environment), files("ANYPOINT_CERTIFICATE", Path::new("/a.pem")));
}

/// Takes one connection and tells how it began.
fn proxy() -> (SocketAddr, Receiver<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer).unwrap();
        sender.send(String::from_utf8_lossy(&buffer[..length]).into_owned()).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
    });
    (address, receiver)
}

const CHILD: &str = "AEHCTL_TEST_CHILD";

/// Runs [`child`] in a process of its own, since proxies are read from the real environment.
fn run_child(what: &str, proxy: SocketAddr, no_proxy: &str) {
    let (_, module) = module_path!().split_once("::").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("{module}::child"), "--ignored"]).env(CHILD, what);
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"] {
        command.env_remove(name.to_ascii_lowercase()).env(name, format!("http://{proxy}"));
    }
    let output = command.env_remove("no_proxy").env("NO_PROXY", no_proxy).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[tokio::test]
#[ignore = "the other process of the tests about proxies"]
async fn child() {
    let Ok(what) = std::env::var(CHILD) else { return };
    if what == "loopback" {
        let server = Server::replying([json("[]")]).await;
        server.reader().connections().await.unwrap();
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let bundle = write(&directory, "bundle.pem", &authority().pem());
    let host = Host::parse("hub.invalid", Origin::Flag("--host")).unwrap();
    let options = tls_options("127.0.0.1:1".parse().unwrap(), files("ANYPOINT_CERTIFICATE", &bundle));
    let client = Client::new(Options { host, attempts: 1, ..options }).unwrap();
    let error = client.reader().connections().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Connect, "{error}");
    assert!(error.hint().unwrap().contains("HTTPS_PROXY"));
}

#[test]
fn proxies_stand_before_the_hub_but_never_before_loopback() {
    let (address, received) = proxy();
    run_child("loopback", address, "");
    assert!(received.try_recv().is_err(), "nothing on this machine goes through a proxy");
    run_child("hub", address, "hub.invalid");
    assert!(received.try_recv().is_err(), "NO_PROXY is heeded");
    run_child("hub", address, "");
    let head = received.recv().unwrap();
    assert!(head.starts_with("CONNECT hub.invalid:443 HTTP/1.1\r\n"), "{head}");
    assert!(!head.to_ascii_lowercase().contains("authorization"), "{head}");
}
