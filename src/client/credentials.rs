//! Who signs in: found in flags, environment or credentials file, and told apart by where it was found.
//!
//! Flags hold no secret, since every process of the machine can read them: `--profile` chooses a credential of the
//! file, `--host` and `--region` a host. A credential comes whole from one source; its parts are never put together
//! from two. Inside one source a bearer token goes before a connected app, and that before a user name. A host or
//! organization of a profile counts only together with that profile's credential.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::error::SetupError;
use super::host::{Host, Origin, Region};

/// Looks up an environment variable.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

const CLIENT_ID: &str = "ANYPOINT_CLIENT_ID";
const CLIENT_SECRET: &str = "ANYPOINT_CLIENT_SECRET";
const BEARER: &str = "ANYPOINT_BEARER";
const USERNAME: &str = "ANYPOINT_USERNAME";
const PASSWORD: &str = "ANYPOINT_PASSWORD";
const ORGANIZATION: &str = "ANYPOINT_ORG";
const HOST: &str = "ANYPOINT_HOST";
const PROFILE: &str = "ANYPOINT_PROFILE";

const WAYS: &str = "set ANYPOINT_CLIENT_ID and ANYPOINT_CLIENT_SECRET (a connected app), or ANYPOINT_BEARER, or \
                    ANYPOINT_USERNAME and ANYPOINT_PASSWORD, or write them into ~/.anypoint/credentials";

/// A credential and where it came from. `Debug` shows no secret.
#[derive(Clone)]
pub struct Credential {
    pub(super) secret: Secret,
    origin: Origin,
}

#[derive(Clone)]
pub(super) enum Secret {
    ConnectedApp { client_id: String, client_secret: SecretString },
    User { username: String, password: SecretString },
    Bearer(SecretString),
}

impl Credential {
    pub fn connected_app(client_id: String, client_secret: SecretString, origin: Origin) -> Self {
        Self { secret: Secret::ConnectedApp { client_id, client_secret }, origin }
    }

    pub fn user(username: String, password: SecretString, origin: Origin) -> Self {
        Self { secret: Secret::User { username, password }, origin }
    }

    /// Takes a token, with or without `Bearer ` before it; fails if no header can carry it.
    pub fn bearer(token: &SecretString, origin: Origin) -> Result<Self, SetupError> {
        let text = token.expose_secret().trim();
        let text = match text.split_once(' ') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim(),
            _ => text,
        };
        if text.is_empty() || text.eq_ignore_ascii_case("bearer") || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SetupError::new(format!("the bearer token from {origin} holds characters that no token has"))
                .with_hint("give the access token alone, on one line"));
        }
        Ok(Self { secret: Secret::Bearer(text.into()), origin })
    }

    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn secret_text(&self) -> &SecretString {
        match &self.secret {
            Secret::ConnectedApp { client_secret: secret, .. }
            | Secret::User { password: secret, .. }
            | Secret::Bearer(secret) => secret,
        }
    }
}

impl fmt::Display for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.secret {
            Secret::ConnectedApp { .. } => "the connected app",
            Secret::User { .. } => "the user name and password",
            Secret::Bearer(_) => "the bearer token",
        };
        write!(formatter, "{kind} from {}", self.origin)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Credential({self})")
    }
}

/// What the command line says about signing in.
#[derive(Debug, Clone, Default)]
pub struct CredentialFlags {
    /// `--profile`: of the credentials file; goes before credentials in the environment.
    pub profile: Option<String>,
    /// `--host`.
    pub host: Option<String>,
    /// `--region`; not together with `--host`.
    pub region: Option<Region>,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub credential: Credential,
    /// `None` if nobody named one: then the manifest's region decides, or the US.
    pub host: Option<Host>,
    /// The root organization that `ANYPOINT_ORG` or the profile names, by id or name.
    pub organization: Option<String>,
}

impl Resolved {
    /// Returns the host, or a region's own if nobody named one.
    pub fn host_or(&self, region: Option<Region>) -> Host {
        self.host.clone().unwrap_or_else(|| Host::region(region.unwrap_or(Region::Us)))
    }
}

/// Returns `~/.anypoint/credentials`, if there is a home.
pub fn default_file(environment: Environment<'_>) -> Option<PathBuf> {
    let home = set(environment, "HOME").or_else(|| set(environment, "USERPROFILE"))?;
    Some(Path::new(&home).join(".anypoint").join("credentials"))
}

/// Finds the credential, host and organization: flags go before the environment, and that before the file.
///
/// The file is read only if a profile is asked for by flag, or if the environment holds no credential.
pub fn resolve(
    flags: &CredentialFlags,
    environment: Environment<'_>,
    file: Option<&Path>,
) -> Result<Resolved, SetupError> {
    let named_host = named_host(flags, environment)?;
    let in_environment = if flags.profile.is_some() { None } else { from_environment(environment)? };
    if let Some(credential) = in_environment {
        return Ok(Resolved { credential, host: named_host, organization: set(environment, ORGANIZATION) });
    }
    let (asked, asked_by) = match &flags.profile {
        Some(profile) => (Some(profile.clone()), "--profile"),
        None => (set(environment, PROFILE), PROFILE),
    };
    let Some((path, profile_name, profile)) = read_profile(file, asked.as_deref(), asked_by)? else {
        return Err(SetupError::new("no credential for Anypoint Platform was found").with_hint(WAYS));
    };
    let origin = Origin::CredentialsFile { path, profile: profile_name };
    let Profile { client_id, client_secret, bearer, username, password, organization, host } = profile;
    let parts = Parts {
        client_id: ("client_id", present(client_id)),
        client_secret: ("client_secret", present(client_secret)),
        bearer: ("bearer", present(bearer)),
        username: ("username", present(username)),
        password: ("password", present(password)),
    };
    let credential = parts.credential(Some(&origin))?.ok_or_else(|| {
        SetupError::new(format!("there is no credential in {origin}"))
            .with_hint("a profile holds client_id and client_secret, or username and password")
    })?;
    let profile_host = || present(host).map(|host| Host::parse(&host, origin.clone())).transpose();
    // A profile that a flag chose is the flag's word, so its host goes before the environment's.
    let by_flag = flags.host.is_some() || flags.region.is_some();
    let host = match named_host {
        Some(host) if by_flag || flags.profile.is_none() => Some(host),
        of_environment => profile_host()?.or(of_environment),
    };
    let organization = match flags.profile {
        Some(_) => present(organization).or_else(|| set(environment, ORGANIZATION)),
        None => set(environment, ORGANIZATION).or_else(|| present(organization)),
    };
    Ok(Resolved { credential, host, organization })
}

fn named_host(flags: &CredentialFlags, environment: Environment<'_>) -> Result<Option<Host>, SetupError> {
    match (&flags.host, flags.region) {
        (Some(_), Some(_)) => {
            Err(SetupError::new("--host and --region exclude each other")
                .with_hint("a region is a host: give one of them"))
        }
        (Some(host), None) => Host::parse(host, Origin::Flag("--host")).map(Some),
        (None, Some(region)) => Ok(Some(Host::region(region))),
        (None, None) => set(environment, HOST).map(|host| Host::parse(&host, Origin::Environment(HOST))).transpose(),
    }
}

fn from_environment(environment: Environment<'_>) -> Result<Option<Credential>, SetupError> {
    let part = |name: &'static str| (name, set(environment, name));
    let parts = Parts {
        client_id: part(CLIENT_ID),
        client_secret: part(CLIENT_SECRET),
        bearer: part(BEARER),
        username: part(USERNAME),
        // Blanks may belong to a password; a line end comes from how it was stored.
        password: (
            PASSWORD,
            environment(PASSWORD)
                .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
                .filter(|text| !text.is_empty()),
        ),
    };
    parts.credential(None)
}

/// The parts of a credential in one source, each with the name that it has there.
struct Parts {
    client_id: (&'static str, Option<String>),
    client_secret: (&'static str, Option<String>),
    bearer: (&'static str, Option<String>),
    username: (&'static str, Option<String>),
    password: (&'static str, Option<String>),
}

impl Parts {
    /// Puts the parts together; `profile` is where they stand, unless that is the environment.
    fn credential(self, profile: Option<&Origin>) -> Result<Option<Credential>, SetupError> {
        let origin = |variables| profile.cloned().unwrap_or(Origin::Environment(variables));
        if let (name, Some(token)) = self.bearer {
            return Credential::bearer(&token.into(), origin(name)).map(Some);
        }
        if let Some((client_id, client_secret)) = pair(self.client_id, self.client_secret, profile)? {
            let origin = origin("ANYPOINT_CLIENT_ID, ANYPOINT_CLIENT_SECRET");
            return Ok(Some(Credential::connected_app(client_id, client_secret.into(), origin)));
        }
        if let Some((username, password)) = pair(self.username, self.password, profile)? {
            let origin = origin("ANYPOINT_USERNAME, ANYPOINT_PASSWORD");
            return Ok(Some(Credential::user(username, password.into(), origin)));
        }
        Ok(None)
    }
}

/// Returns both halves or neither.
fn pair(
    (first_name, first): (&str, Option<String>),
    (second_name, second): (&str, Option<String>),
    profile: Option<&Origin>,
) -> Result<Option<(String, String)>, SetupError> {
    let (given, missing) = match (first, second) {
        (None, None) => return Ok(None),
        (Some(first), Some(second)) => return Ok(Some((first, second))),
        (Some(_), None) => (first_name, second_name),
        (None, Some(_)) => (second_name, first_name),
    };
    let place = profile.map(|profile| format!(" in {profile}")).unwrap_or_default();
    Err(SetupError::new(format!("{given} is set{place}, but {missing} is not, or is empty"))
        .with_hint(format!("set {missing} too, or remove {given}")))
}

fn set(environment: Environment<'_>, name: &str) -> Option<String> {
    present(environment(name))
}

/// An empty value is as good as none: pipelines set missing secrets to nothing.
fn present(value: Option<String>) -> Option<String> {
    value.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// One profile; what else stands in it is for other tools.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Profile {
    client_id: Option<String>,
    client_secret: Option<String>,
    bearer: Option<String>,
    username: Option<String>,
    password: Option<String>,
    organization: Option<String>,
    host: Option<String>,
}

/// Returns the profile that was asked for, or `default`; `None` if nothing was asked for and nothing is there.
fn read_profile(
    file: Option<&Path>,
    asked: Option<&str>,
    asked_by: &str,
) -> Result<Option<(PathBuf, String, Profile)>, SetupError> {
    let Some(path) = file else {
        return match asked {
            None => Ok(None),
            Some(profile) => Err(SetupError::new(format!(
                "profile `{profile}` (asked for by {asked_by}) is nowhere: there is no home directory, and so no credentials file"
            ))),
        };
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && asked.is_none() => return Ok(None),
        Err(error) => {
            let message = format!("cannot read the credentials file {}: {error}", path.display());
            return Err(match asked {
                None => SetupError::new(message),
                Some(profile) => SetupError::new(format!("{message}; profile `{profile}` is asked for by {asked_by}"))
                    .with_hint(format!(
                        "write the file, or leave {asked_by} out and set ANYPOINT_CLIENT_ID and ANYPOINT_CLIENT_SECRET"
                    )),
            });
        }
    };
    warn_if_readable_by_others(path);
    let mut profiles: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).map_err(|error| {
        // The parser's own message may repeat a value.
        SetupError::new(format!(
            "cannot read the credentials file {}: line {}, column {} is not JSON of profiles",
            path.display(),
            error.line(),
            error.column()
        ))
        .with_hint(r#"it looks like {"default": {"client_id": "…", "client_secret": "…"}}"#)
    })?;
    let name = match asked {
        Some(profile) => profile.to_owned(),
        None if !profiles.contains_key("default") && profiles.contains_key("Default") => "Default".to_owned(),
        None => "default".to_owned(),
    };
    let Some(profile) = profiles.remove(&name) else {
        let names: Vec<&str> = profiles.keys().map(String::as_str).collect();
        let known = if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
        return match asked {
            None => Err(SetupError::new(format!("there is no profile `default` in {}", path.display()))
                .with_hint(format!("{known}; choose one by --profile or {PROFILE}"))),
            Some(_) => Err(SetupError::new(format!(
                "there is no profile `{name}` (asked for by {asked_by}) in {}",
                path.display()
            ))
            .with_hint(known)),
        };
    };
    let profile = Profile::deserialize(profile).map_err(|_| {
        SetupError::new(format!("cannot read profile `{name}` in {}: every setting must be a string", path.display()))
    })?;
    Ok(Some((path.to_owned(), name, profile)))
}

#[cfg(unix)]
fn warn_if_readable_by_others(path: &Path) {
    use std::os::unix::fs::PermissionsExt;

    if let Ok(metadata) = std::fs::metadata(path) {
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            tracing::warn!("{} can be read by others (mode {mode:03o}); chmod 600 keeps it private", path.display());
        }
    }
}

#[cfg(not(unix))]
fn warn_if_readable_by_others(_: &Path) {}
