//! Which credential, host and organization are taken, and what is said when they are not usable.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::server::Log;
use crate::client::{CredentialFlags, Region, Resolved, SetupError, default_file, resolve};

const FILE: &str = r#"{
    "default": {"client_id": "file-id", "client_secret": "planted-file", "host": "eu1.anypoint.mulesoft.com", "organization": "File Org"},
    "jane": {"username": "jane", "password": "planted-jane", "collectMetrics": null},
    "token": {"bearer": "planted-token", "client_id": "unused"},
    "half": {"client_id": "file-id", "username": "jane", "password": "planted-half"},
    "empty": {"organization": "x"},
    "odd": {"client_id": 7},
    "evil": {"client_id": "a", "client_secret": "planted-evil", "host": "http://evil.example.com"}
}"#;

struct Case {
    directory: tempfile::TempDir,
    environment: BTreeMap<&'static str, &'static str>,
    flags: CredentialFlags,
}

impl Case {
    fn new(file: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("credentials"), file).unwrap();
        Self { directory, environment: BTreeMap::new(), flags: CredentialFlags::default() }
    }

    fn set(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.insert(name, value);
        self
    }

    fn profile(mut self, profile: &str) -> Self {
        self.flags.profile = Some(profile.to_owned());
        self
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("credentials")
    }

    fn resolve(&self) -> Result<Resolved, SetupError> {
        self.resolve_with(Some(&self.path()))
    }

    fn resolve_with(&self, file: Option<&Path>) -> Result<Resolved, SetupError> {
        resolve(&self.flags, &|name| self.environment.get(name).map(ToString::to_string), file)
    }

    /// Shows where the credential comes from, the host and the organization.
    fn shown(&self) -> String {
        let Resolved { credential, host, organization } = self.resolve().unwrap();
        let host = host.map_or("-".to_owned(), |host| host.to_string());
        let directory = self.directory.path().display().to_string();
        format!("{credential}; {host}; {}", organization.as_deref().unwrap_or("-")).replace(&directory, "…")
    }

    fn fault(&self) -> String {
        let error = self.resolve().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("planted"), "{error:?}");
        let directory = self.directory.path().display().to_string();
        format!("{error} [{}]", error.hint().unwrap_or_default()).replace(&directory, "…")
    }
}

fn both(case: Case) -> Case {
    case.set("ANYPOINT_CLIENT_ID", "id").set("ANYPOINT_CLIENT_SECRET", "planted-environment")
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_file() {
    assert_eq!(
        Case::new(FILE).shown(),
        "the connected app from profile `default` in …/credentials; https://eu1.anypoint.mulesoft.com; File Org"
    );
    // The host and organization of a profile belong to its credential.
    assert_eq!(
        both(Case::new(FILE)).shown(),
        "the connected app from the environment (ANYPOINT_CLIENT_ID, ANYPOINT_CLIENT_SECRET); -; -"
    );
    assert_eq!(
        both(Case::new(FILE))
            .set("ANYPOINT_HOST", "ca1.platform.mulesoft.com")
            .set("ANYPOINT_ORG", " Env Org ")
            .shown(),
        "the connected app from the environment (ANYPOINT_CLIENT_ID, ANYPOINT_CLIENT_SECRET); \
         https://ca1.platform.mulesoft.com; Env Org"
    );
    assert_eq!(
        Case::new(FILE).set("ANYPOINT_HOST", "localhost:9").set("ANYPOINT_ORG", "Env Org").shown(),
        "the connected app from profile `default` in …/credentials; http://localhost:9; Env Org"
    );
    assert_eq!(
        both(Case::new(FILE))
            .profile("default")
            .set("ANYPOINT_HOST", "localhost:9")
            .set("ANYPOINT_ORG", "Env Org")
            .shown(),
        "the connected app from profile `default` in …/credentials; https://eu1.anypoint.mulesoft.com; File Org"
    );
    assert_eq!(
        Case::new(FILE).profile("jane").set("ANYPOINT_HOST", "localhost:9").shown(),
        "the user name and password from profile `jane` in …/credentials; http://localhost:9; -"
    );
    assert_eq!(
        Case::new(FILE).set("ANYPOINT_PROFILE", "token").shown(),
        "the bearer token from profile `token` in …/credentials; -; -"
    );
    assert_eq!(
        Case::new(FILE).set("ANYPOINT_PROFILE", "token").profile("jane").shown(),
        "the user name and password from profile `jane` in …/credentials; -; -"
    );
    let mut case = Case::new(FILE).profile("default").set("ANYPOINT_HOST", "localhost:9");
    case.flags.host = Some("https://hub.example.com".into());
    assert!(case.shown().contains("; https://hub.example.com; "));
    case.flags.host = None;
    case.flags.region = Some(Region::Jp);
    assert!(case.shown().contains("; https://jp1.platform.mulesoft.com; "));
}

#[test]
fn one_kind_goes_before_another() {
    let case = both(Case::new(FILE)).set("ANYPOINT_USERNAME", "jane").set("ANYPOINT_PASSWORD", "planted");
    assert!(case.shown().starts_with("the connected app from the environment"));
    let case = case.set("ANYPOINT_BEARER", "planted");
    assert_eq!(case.shown(), "the bearer token from the environment (ANYPOINT_BEARER); -; -");
    let case = Case::new("{}").set("ANYPOINT_USERNAME", "jane").set("ANYPOINT_PASSWORD", "planted");
    assert_eq!(
        case.shown(),
        "the user name and password from the environment (ANYPOINT_USERNAME, ANYPOINT_PASSWORD); -; -"
    );
}

#[test]
fn the_region_counts_where_nobody_named_a_host() {
    let case = both(Case::new(FILE));
    assert_eq!(case.resolve().unwrap().host_or(Some(Region::Eu)).known_region(), Some(Region::Eu));
    assert_eq!(case.resolve().unwrap().host_or(None).known_region(), Some(Region::Us));
    let case = case.set("ANYPOINT_HOST", "localhost:9");
    assert_eq!(case.resolve().unwrap().host_or(Some(Region::Eu)).base(), "http://localhost:9");
}

#[test]
fn half_a_credential_names_the_other_half() {
    assert_eq!(
        Case::new(FILE).set("ANYPOINT_CLIENT_ID", "id").set("ANYPOINT_CLIENT_SECRET", " ").fault(),
        "ANYPOINT_CLIENT_ID is set, but ANYPOINT_CLIENT_SECRET is not, or is empty [set ANYPOINT_CLIENT_SECRET too, or \
         remove ANYPOINT_CLIENT_ID]"
    );
    assert!(
        Case::new(FILE)
            .set("ANYPOINT_PASSWORD", "planted")
            .fault()
            .starts_with("ANYPOINT_PASSWORD is set, but ANYPOINT_USERNAME")
    );
    assert_eq!(
        Case::new(FILE).profile("half").fault(),
        "client_id is set in profile `half` in …/credentials, but client_secret is not, or is empty [set client_secret \
         too, or remove client_id]"
    );
}

#[test]
fn what_is_missing_or_broken_is_said() {
    let nothing = Case::new(FILE);
    let error = nothing.resolve_with(None).unwrap_err();
    assert_eq!(error.to_string(), "no credential for Anypoint Platform was found");
    assert!(error.hint().unwrap().contains("ANYPOINT_CLIENT_ID"));
    let absent = nothing.directory.path().join("absent");
    assert_eq!(nothing.resolve_with(Some(&absent)).unwrap_err(), error);
    assert!(nothing.resolve_with(Some(nothing.directory.path())).unwrap_err().to_string().contains("cannot read"));

    assert_eq!(
        Case::new(FILE).profile("nobody").fault(),
        "there is no profile `nobody` (asked for by --profile) in …/credentials [it has default, empty, evil, half, \
         jane, odd, token]"
    );
    assert!(Case::new(FILE).set("ANYPOINT_PROFILE", "x").fault().contains("asked for by ANYPOINT_PROFILE"));
    assert!(Case::new("{}").fault().starts_with("there is no profile `default` in …/credentials [it has none"));
    assert!(Case::new(FILE).profile("empty").fault().starts_with("there is no credential in profile `empty`"));
    assert!(Case::new(FILE).profile("odd").fault().contains("every setting must be a string"));
    let broken = "{\n  \"default\": {\"client_secret\": planted}";
    assert!(Case::new(broken).fault().contains("line 2, column 32 is not JSON"), "{}", Case::new(broken).fault());
    assert!(Case::new("[]").fault().contains("is not JSON of profiles"));
    assert_eq!(
        Case::new(FILE).profile("evil").fault(),
        "the host given by profile `evil` in …/credentials is not usable: plain http would show the credential to the \
         network; only loopback may use it [write host, host:port or https://host[:port]]"
    );
    let mut case = both(Case::new(FILE));
    case.flags.host = Some("a".into());
    case.flags.region = Some(Region::Us);
    assert!(case.fault().starts_with("--host and --region exclude each other"));
}

#[test]
fn a_file_that_is_not_needed_is_not_read() {
    assert!(both(Case::new("not JSON")).resolve().is_ok());
}

#[test]
fn blanks_around_settings_do_not_matter_but_in_passwords() {
    let case = Case::new("{}").set("ANYPOINT_CLIENT_ID", " id\n").set("ANYPOINT_CLIENT_SECRET", "planted \r\n");
    assert!(case.resolve().is_ok());
    let case = Case::new("{}").set("ANYPOINT_USERNAME", "jane").set("ANYPOINT_PASSWORD", " \n");
    assert!(case.resolve().is_ok(), "a blank is a password, if a bad one");
}

#[test]
fn the_file_is_in_the_home_directory() {
    let home = |name: &str| (name == "HOME").then(|| "/home/jane".to_owned());
    assert_eq!(default_file(&home), Some(PathBuf::from("/home/jane/.anypoint/credentials")));
    let profile = |name: &str| (name == "USERPROFILE").then(|| "/users/jane".to_owned());
    assert_eq!(default_file(&profile), Some(PathBuf::from("/users/jane/.anypoint/credentials")));
    assert_eq!(default_file(&|_| None), None);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_warned_about() {
    use std::os::unix::fs::PermissionsExt;

    let warnings = |mode: u32| {
        let case = Case::new(FILE);
        std::fs::set_permissions(case.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        let log = Log::default();
        tracing::subscriber::with_default(log.subscriber(), || case.resolve().unwrap());
        log.text()
    };
    assert!(warnings(0o644).contains("can be read by others (mode 644)"));
    assert_eq!(warnings(0o600), "");
}
