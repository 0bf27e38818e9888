//! Where requests, and with them the credential, may go.
//!
//! A [`Host`] comes from a region, from loopback, or from what the user said outside every manifest; there is no
//! other way to make one.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use reqwest::Url;

use super::error::SetupError;

/// A control plane of Anypoint Platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Region {
    Us,
    Eu,
    Ca,
    Jp,
}

impl Region {
    pub const ALL: [Self; 4] = [Self::Us, Self::Eu, Self::Ca, Self::Jp];

    /// Returns the name that people write: `us`, `eu`, `ca` or `jp`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Eu => "eu",
            Self::Ca => "ca",
            Self::Jp => "jp",
        }
    }

    /// Returns the host that serves both the hub and Access Management, from the contract's list of servers.
    pub const fn host_name(self) -> &'static str {
        match self {
            Self::Us => "anypoint.mulesoft.com",
            Self::Eu => "eu1.anypoint.mulesoft.com",
            Self::Ca => "ca1.platform.mulesoft.com",
            Self::Jp => "jp1.platform.mulesoft.com",
        }
    }
}

impl FromStr for Region {
    type Err = SetupError;

    fn from_str(name: &str) -> Result<Self, SetupError> {
        Self::ALL.into_iter().find(|region| region.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
            SetupError::new(format!("unknown region `{name}`")).with_hint("the regions are us, eu, ca, jp")
        })
    }
}

impl fmt::Display for Region {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Where a setting came from; none of these is a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A command-line flag, by its name.
    Flag(&'static str),
    /// Environment variables, by their names.
    Environment(&'static str),
    /// A profile of the credentials file.
    CredentialsFile { path: PathBuf, profile: String },
    /// This process's own emulator.
    Embedded,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(formatter, "the flag {name}"),
            Self::Environment(names) => write!(formatter, "the environment ({names})"),
            Self::CredentialsFile { path, profile } => write!(formatter, "profile `{profile}` in {}", path.display()),
            Self::Embedded => formatter.write_str("the emulator"),
        }
    }
}

/// A place that a credential may be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// `https://name[:port]`, or `http://` for loopback alone.
    base: String,
    region: Option<Region>,
    loopback: bool,
    origin: Option<Origin>,
}

impl Host {
    /// Returns a region's own host.
    pub fn region(region: Region) -> Self {
        Self { base: format!("https://{}", region.host_name()), region: Some(region), loopback: false, origin: None }
    }

    /// Returns a server on this machine, spoken to in plain HTTP; `None` if the address is not loopback.
    pub fn loopback(address: SocketAddr) -> Option<Self> {
        address.ip().is_loopback().then(|| Self {
            base: format!("http://{address}"),
            region: None,
            loopback: true,
            origin: Some(Origin::Embedded),
        })
    }

    /// Reads `host`, `host:port` or `http(s)://host[:port]`, which must come from the user and never from a manifest.
    ///
    /// Without a scheme it is https, but http for loopback (127.0.0.0/8, `::1`, `localhost`); http for any other
    /// host is refused, and so is whatever else a URL may hold.
    pub fn parse(text: &str, origin: Origin) -> Result<Self, SetupError> {
        let refuse = |reason: &str| {
            SetupError::new(format!("the host given by {origin} is not usable: {reason}"))
                .with_hint("write host, host:port or https://host[:port]")
        };
        let text = text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        if !matches!(scheme.as_deref(), None | Some("http" | "https")) {
            return Err(refuse("its scheme is neither https nor http"));
        }
        // The text may hold a password before the `@`, so no message repeats it.
        if rest.contains('@') {
            return Err(refuse("it holds a user name or password"));
        }
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.is_empty() {
            return Err(refuse("it is empty"));
        }
        if let Some(character) =
            authority.chars().find(|character| matches!(character, '/' | '?' | '#' | '\\') || character.is_whitespace())
        {
            return Err(refuse(&format!(
                "it holds `{}`, but only a host and a port belong here",
                character.escape_default()
            )));
        }
        // Parsed as https first: a URL parser leaves out the port that is the scheme's default.
        let parse = |scheme: &str| Url::parse(&format!("{scheme}://{authority}")).ok();
        let url = parse("https").ok_or_else(|| refuse("it is not a host name with an optional port"))?;
        let loopback = is_loopback(&url);
        let secure = match scheme.as_deref() {
            Some("http") if !loopback => {
                return Err(refuse("plain http would show the credential to the network; only loopback may use it"));
            }
            Some(scheme) => scheme == "https",
            None => !loopback,
        };
        let url = if secure { url } else { parse("http").ok_or_else(|| refuse("it is not a host name"))? };
        let region = Region::ALL
            .into_iter()
            .find(|region| secure && url.port().is_none() && url.host_str() == Some(region.host_name()));
        Ok(Self { base: url.as_str().trim_end_matches('/').to_owned(), region, loopback, origin: Some(origin) })
    }

    /// Returns scheme, host and port, without a slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Returns the region whose own host this is.
    pub fn known_region(&self) -> Option<Region> {
        self.region
    }

    /// Returns who named this host; `None` for a region's own.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Returns whether this is the same machine, which no proxy stands in front of.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    pub(super) fn is_secure(&self) -> bool {
        self.base.starts_with("https:")
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.base)
    }
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Host, SetupError> {
        Host::parse(text, Origin::Flag("--host"))
    }

    #[test]
    fn hosts_are_read_in_every_form() {
        for (text, base) in [
            ("eu1.anypoint.mulesoft.com", "https://eu1.anypoint.mulesoft.com"),
            ("  Anypoint.MuleSoft.com/ ", "https://anypoint.mulesoft.com"),
            ("https://hub.example.com:8443", "https://hub.example.com:8443"),
            ("hub.example.com:443", "https://hub.example.com"),
            ("hub.example.com:80", "https://hub.example.com:80"),
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.8.9.1:80/", "http://127.8.9.1"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("LOCALHOST:1", "http://localhost:1"),
            ("https://localhost:8443", "https://localhost:8443"),
            ("bücher.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(parse(text).unwrap().base(), base, "{text}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_alone() {
        for text in [
            "http://anypoint.mulesoft.com",
            "http://10.0.0.1",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://0.0.0.0:80",
            "http://[::ffff:127.0.0.1]",
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.to_string().contains("only loopback"), "{text}: {error}");
        }
    }

    #[test]
    fn whatever_else_a_url_may_hold_is_refused() {
        for text in [
            "",
            "https://",
            "/",
            "ftp://x",
            "a b",
            "x/y",
            "https://x/y",
            "x?q",
            "x#f",
            "x\\y",
            "x:99999",
            "x:y",
            "https://https://x",
            "a\tb",
            "::1",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        let error = parse("https://user:hunter2@anypoint.mulesoft.com").unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"));
        assert_eq!(
            error.to_string(),
            "the host given by the flag --host is not usable: it holds a user name or password"
        );
    }

    proptest! {
        #[test]
        fn no_text_gets_a_credential_into_the_clear(text in "(http://|https://|)?[a-z0-9.:@/?#\\[\\] -]{0,24}") {
            if let Ok(host) = parse(&text) {
                let url = Url::parse(host.base()).unwrap();
                prop_assert!(url.scheme() == "https" || is_loopback(&url));
                prop_assert!(url.username().is_empty() && url.password().is_none());
                prop_assert!(url.path() == "/" && url.query().is_none() && url.fragment().is_none());
                prop_assert_eq!(host.is_secure(), url.scheme() == "https");
            }
        }

        #[test]
        fn no_text_is_too_strange(text in any::<String>()) {
            let _ = parse(&text);
        }
    }

    #[test]
    fn regions_know_their_hosts() {
        for region in Region::ALL {
            assert_eq!(region.name().parse::<Region>().unwrap(), region);
            let host = parse(region.host_name()).unwrap();
            assert_eq!(host.known_region(), Some(region));
            assert_eq!(host.base(), Host::region(region).base());
            assert!(!host.is_loopback());
        }
        assert_eq!(parse("anypoint.mulesoft.com:444").unwrap().known_region(), None);
        assert!("de".parse::<Region>().is_err());
    }

    #[test]
    fn an_embedded_server_is_on_this_machine() {
        assert_eq!(Host::loopback("127.0.0.1:99".parse().unwrap()).unwrap().base(), "http://127.0.0.1:99");
        assert_eq!(Host::loopback("[::1]:99".parse().unwrap()).unwrap().base(), "http://[::1]:99");
        assert_eq!(Host::loopback("10.0.0.1:99".parse().unwrap()), None);
    }
}
