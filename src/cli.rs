//! The command line: arguments alone, no I/O.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::address::{AddressWord, NamePattern};
use crate::export::{Part, Split};
use crate::hold::Accepted;
use crate::limit::Limit;
use crate::plan::{Allow, Origin};

/// The embedded server's database where none is named.
pub const EMULATOR_DATABASE: &str = ".aehctl/emulator.db";

/// The file that GitLab's documentation has for reports of Code Quality.
const CODE_QUALITY: &str = "gl-code-quality-report.json";

/// What the help says of secrets.
const SECRETS: &str = "Secrets are no arguments, which every process of the machine can read. Credentials stand in \
                       ANYPOINT_CLIENT_ID and ANYPOINT_CLIENT_SECRET, in ANYPOINT_BEARER, in ANYPOINT_USERNAME and \
                       ANYPOINT_PASSWORD, or in ~/.anypoint/credentials; keys in AEHCTL_PLAN_KEY \
                       (for saved plans) and AEHCTL_PSEUDONYM_KEY (for snapshots).";

/// Keeps developer portals on API Experience Hub as code
///
/// Commit a portal's desired state as YAML; `plan` shows what would change, `apply` makes it so, in order, and
/// verifies it. There is no state file: the live portal is the truth.
#[derive(Debug, Parser)]
#[command(name = "aehctl", version, max_term_width = 100, disable_help_subcommand = true, after_help = SECRETS)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Use the emulator, an embedded server, in place of the hub; a new database is filled with a demo
    #[arg(
        long, global = true, value_name = "FILE", num_args = 0..=1, require_equals = true,
        default_missing_value = EMULATOR_DATABASE, conflicts_with_all = ["host", "region", "profile"],
    )]
    pub emulator: Option<PathBuf>,

    /// Faults that the emulator makes, such as seed=7,429=5%,reset-after@writes#3; `help` lists them
    #[arg(long, global = true, value_name = "SPEC")]
    pub faults: Option<String>,

    /// Region of the hub
    #[arg(long, global = true, value_enum, conflicts_with = "host")]
    pub region: Option<RegionName>,

    /// Host to use in place of a region's (plain http for loopback only)
    #[arg(long, global = true, value_name = "HOST")]
    pub host: Option<String>,

    /// Profile of ~/.anypoint/credentials to sign in with
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,

    /// Salesforce connection: its domain or id
    #[arg(long, global = true, value_name = "CONNECTION")]
    pub connection: Option<String>,

    /// Portal: its name or any of its ids
    #[arg(long, global = true, value_name = "PORTAL")]
    pub portal: Option<String>,

    /// Which Portal of the manifests: its metadata.name; may be given several times, and without it all are meant
    #[arg(long, global = true, value_name = "NAME")]
    pub name: Vec<String>,

    /// How many requests may be under way at once, at most: fewer in the beginning, and when the server asks for less
    #[arg(long, global = true, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallelism: u16,

    /// How results are written
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub format: Format,

    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,

    /// Say more: -v stages and request counts, -vv each request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// How log lines are written
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RegionName {
    Us,
    Eu,
    Ca,
    Jp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Human,
    Json,
    /// For a comment on a pull request
    Markdown,
    /// For spreadsheets: what `access` and `get` list
    Csv,
    /// One page with all that a browser needs: for `plan` and `show`
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a commented starter manifest and a CI pipeline
    Init(Init),
    /// Check manifests: everything that can be checked offline, and with --online that every name resolves
    Validate(Validate),
    /// Rewrite manifests in canonical form, comments kept
    Fmt(Fmt),
    /// Save the live state that a plan needs, without secrets
    Observe(Observe),
    /// Show what would change
    Plan(PlanArgs),
    /// Make it so: plan, ask, apply, verify; or apply a saved plan
    Apply(Apply),
    /// Render a saved plan
    Show(Show),
    /// Who sees which version of which asset, and why
    Access(AccessArgs),
    /// Write the live portal as a manifest; planning it at once shows no changes
    Export(Export),
    /// Write what the portal shows into the manifest that declares it otherwise
    Pull(Pull),
    /// Take a member's or a user group's visibility away at once
    Revoke(Revoke),
    /// List objects of the hub
    Get(Get),
    /// Run, fill or inspect the emulator
    Emulator(Emulator),
    /// Print the manifest's JSON Schema
    Schema,
    /// Print shell completions
    Completions(Completions),
    /// Write manual pages
    Man(Man),
}

/// Which manifests.
#[derive(Debug, Clone, Args)]
pub struct Files {
    /// Manifest file, or folder of *.yaml and *.yml files; may be given several times
    #[arg(short = 'f', long = "file", value_name = "PATH", required = true)]
    pub files: Vec<PathBuf>,
}

/// What was declared before, as git knows it.
#[derive(Debug, Clone, Default, Args)]
pub struct Revisions {
    /// Git revision that was applied last: what it declares and the manifest no longer does is deleted, and what
    /// somebody took away in the portal since is held
    #[arg(long, value_name = "REV", requires = "files")]
    pub applied: Option<String>,
    /// Git revision that this change will be merged into: tells what is pending there from what is new
    #[arg(long, value_name = "REV", requires = "files")]
    pub base: Option<String>,
}

#[derive(Debug, Args)]
pub struct Init {
    /// Where to write; made if it is not there
    #[arg(default_value = ".")]
    pub directory: PathBuf,
}

#[derive(Debug, Args)]
pub struct Validate {
    #[command(flatten)]
    pub files: Files,
    /// Also check against the live portal that every name resolves
    #[arg(long)]
    pub online: bool,
    /// Also tell a forge what is wrong, at the lines of the files: `github` (workflow commands on standard error) or
    /// `gitlab` (a Code Quality report in gl-code-quality-report.json, or in FILE)
    #[arg(long, value_name = "github|gitlab[=FILE]")]
    pub annotations: Option<Annotations>,
}

#[derive(Debug, Args)]
pub struct Fmt {
    #[command(flatten)]
    pub files: Files,
    /// Change nothing; fail if a file is not in canonical form
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, Args)]
pub struct Observe {
    /// Manifest whose needs are read; may be given several times
    #[arg(short = 'f', long = "file", value_name = "PATH")]
    pub files: Vec<PathBuf>,
    /// Read everything, so that any manifest can be planned on the snapshot
    #[arg(long)]
    pub all: bool,
    /// Put pseudonyms in the place of people's usernames and emails, and leave out their names; the key stands in
    /// the variable `AEHCTL_PSEUDONYM_KEY`, and planning on the snapshot takes the same one
    #[arg(long)]
    pub pseudonyms: bool,
    #[command(flatten)]
    pub revisions: Revisions,
    /// Where to write the snapshot; for several portals a folder, which gets a file for each
    #[arg(long, value_name = "PATH")]
    pub out: PathBuf,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    pub files: Files,
    /// Plan on a snapshot that `observe` wrote, which needs no credential; for several portals a folder of them, or
    /// several times
    #[arg(long, value_name = "PATH")]
    pub live: Vec<PathBuf>,
    /// Save the plan, so that exactly this can be applied; for several portals a folder, which gets a file for each
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// What applying the saved plan may do beyond the harmless
    #[arg(long, value_name = "WORDS", value_enum, value_delimiter = ',')]
    pub allow: Vec<Allow>,
    #[command(flatten)]
    pub revisions: Revisions,
    /// Include what is held for this address, or all that is held; may be given several times
    #[arg(long, value_name = "ADDRESS|all")]
    pub accept_drift: Vec<Accepted>,
    /// Show what promoting the Portal of -f to this one would change there; for showing alone
    #[arg(
        long, value_name = "PATH",
        conflicts_with_all = ["out", "applied", "base", "only", "accept_drift", "show_unmanaged"],
    )]
    pub compare: Option<PathBuf>,
    /// Show only what came about in this way; needs --applied or --base
    #[arg(long, value_name = "ORIGIN", value_enum, conflicts_with = "out")]
    pub only: Option<Origin>,
    /// Exit with 2 if there are changes, or changes are held
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// List what is left alone, in place of counting it
    #[arg(long)]
    pub show_unmanaged: bool,
    /// Also tell a forge what is wrong, at the lines of the files: `github` (workflow commands on standard error) or
    /// `gitlab` (a Code Quality report in gl-code-quality-report.json, or in FILE)
    #[arg(long, value_name = "github|gitlab[=FILE]")]
    pub annotations: Option<Annotations>,
    #[command(flatten)]
    pub access: AccessFlags,
    #[command(flatten)]
    pub guards: GuardFlags,
}

/// What is analysed of who sees what.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Visibility")]
pub struct AccessFlags {
    /// Whose visibility is analysed: of all assets, or of those that were read anyway [default: all if a group, mapping
    /// or membership changes]
    #[arg(long, value_name = "SCOPE", value_enum)]
    pub access: Option<AccessScope>,
    /// Name so many members who gain and who lose sight of each version; names are personal data
    #[arg(long, value_name = "N", value_parser = count, default_value = "0", hide_default_value = true)]
    pub access_names: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AccessScope {
    All,
    Declared,
}

/// What is said in place of `spec.guards`, more strictly or less.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Guards")]
pub struct GuardFlags {
    /// Most objects of a kind that may be deleted, in place of spec.guards.maxDeletes
    #[arg(long, value_name = "N|N%")]
    pub max_deletes: Option<Limit>,
    /// Most objects of a kind that may be changed, in place of spec.guards.maxUpdates
    #[arg(long, value_name = "N|N%")]
    pub max_updates: Option<Limit>,
    /// Most sign-ups that may be approved, in place of spec.guards.maxApprovals
    #[arg(long, value_name = "N", value_parser = count)]
    pub max_approvals: Option<usize>,
    /// Enabled administrators that must be left, in place of spec.guards.minAdministrators
    #[arg(long, value_name = "N", value_parser = count)]
    pub min_administrators: Option<usize>,
    /// Most members who may lose sight of something, in place of spec.guards.maxAccessLoss
    #[arg(long, value_name = "N|N%")]
    pub max_access_loss: Option<Limit>,
    /// Most members who may gain sight of something, in place of spec.guards.maxAccessGain
    #[arg(long, value_name = "N|N%")]
    pub max_access_gain: Option<Limit>,
    /// Asset that may be shown although spec.guards.neverPublic or neverVisibleTo hide it; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub expose: Vec<AddressWord>,
    /// Object that may be changed or deleted although it is protected; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub unprotect: Vec<AddressWord>,
}

#[derive(Debug, Args)]
pub struct Apply {
    /// Plan that `plan --out` wrote, several of them, or a folder of them
    #[arg(
        value_name = "PLANFILE", required_unless_present = "files",
        conflicts_with_all = ["files", "applied", "base", "accept_drift", "access", "access_names"],
    )]
    pub plans: Vec<PathBuf>,
    /// Manifest file or folder; may be given several times
    #[arg(short = 'f', long = "file", value_name = "PATH")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub revisions: Revisions,
    /// Include what is held for this address, or all that is held; may be given several times
    #[arg(long, value_name = "ADDRESS|all")]
    pub accept_drift: Vec<Accepted>,
    /// Do not ask
    #[arg(long)]
    pub auto_approve: bool,
    /// Where to record what is sent and what comes back [default: a new file in .aehctl/journal]
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Git ref to move to the applied commit once everything is applied, e.g. refs/aehctl/developer-portal
    #[arg(long, value_name = "REF")]
    pub record: Option<String>,
    /// What may be done although it cannot be undone or gives much
    #[arg(long, value_name = "WORDS", value_enum, value_delimiter = ',')]
    pub allow: Vec<Allow>,
    /// Apply the manifest only if that means the very changes that were reviewed: the digest that `plan` gave
    #[arg(long, value_name = "DIGEST", conflicts_with = "plans")]
    pub expect: Option<ExpectedDigest>,
    #[command(flatten)]
    pub access: AccessFlags,
    #[command(flatten)]
    pub guards: GuardFlags,
}

#[derive(Debug, Args)]
pub struct Show {
    /// Plan that `plan --out` wrote
    #[arg(value_name = "PLANFILE")]
    pub plan: PathBuf,
    /// Name so many members who gain and who lose sight of each version; names are personal data
    #[arg(long, value_name = "N", value_parser = count, default_value = "0", hide_default_value = true)]
    pub access_names: usize,
}

#[derive(Debug, Args)]
pub struct AccessArgs {
    #[command(subcommand)]
    pub question: Question,
    /// Ask a snapshot that `observe --all` wrote, in place of the live portal; needs no credential
    #[arg(long, global = true, value_name = "FILE")]
    pub live: Option<PathBuf>,
    /// Ask what a saved plan leaves behind
    #[arg(long, global = true, value_name = "PLANFILE")]
    pub plan: Option<PathBuf>,
    /// With --plan: ask what is there before it
    #[arg(long, global = true)]
    pub before: bool,
}

#[derive(Debug, Subcommand)]
pub enum Question {
    /// User groups by asset versions: who sees what, directly or by inheritance
    Matrix {
        /// Only groups whose names match
        #[arg(long, value_name = "PATTERN")]
        user_group: Option<String>,
        /// Only assets whose coordinates match, e.g. `Finance/*`
        #[arg(long, value_name = "PATTERN")]
        asset: Option<String>,
    },
    /// Everything that a member sees, and through which groups
    Member {
        /// Username, email or id
        user: String,
    },
    /// Who sees an asset; with a version, each member by name
    Asset {
        /// `groupId/assetId`, or a business group's name in place of the id
        coordinates: String,
        version: Option<String>,
    },
    /// The chain that shows a version to a member, or what is missing
    Why {
        /// Username, email or id
        user: String,
        /// `groupId/assetId`, or a business group's name in place of the id
        coordinates: String,
        version: String,
    },
}

#[derive(Debug, Args)]
pub struct Export {
    /// Also write members and their groups, which are personal data
    #[arg(long)]
    pub members: bool,
    /// Write objects of these kinds alone
    #[arg(long, value_name = "KINDS", value_enum, value_delimiter = ',', conflicts_with = "members")]
    pub only: Vec<Part>,
    /// Write only what goes by such a name, such as 'Finance/*' or 'Partner *'; may be given several times
    #[arg(long = "filter", value_name = "PATTERN")]
    pub filters: Vec<NamePattern>,
    /// Write a new folder: a Portal, and fragments that it includes
    #[arg(long, value_name = "HOW", value_enum, requires = "out")]
    pub split: Option<Split>,
    /// Write to a file; with --split, the folder to make
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Pull {
    /// Object whose live value is written, as `plan` shows it; or everything that differs
    #[arg(value_name = "ADDRESS|all", required = true)]
    pub objects: Vec<Pulled>,
    #[command(flatten)]
    pub files: Files,
    /// Write nothing; fail if there is something to write
    #[arg(long)]
    pub check: bool,
}

/// What is pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pulled {
    All,
    Object(AddressWord),
}

impl std::str::FromStr for Pulled {
    type Err = crate::address::NotAnAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" { Ok(Self::All) } else { text.parse().map(Self::Object) }
    }
}

#[derive(Debug, Args)]
pub struct Revoke {
    #[command(subcommand)]
    pub whose: Revoked,
}

#[derive(Debug, Subcommand)]
pub enum Revoked {
    /// Disable a member, and take them out of every group that is not built in
    Member {
        /// Username, email or id
        #[arg(value_name = "USER")]
        user: String,
        #[command(flatten)]
        how: RevokeHow,
    },
    /// Take a user group out of every audience, drop what is mapped to it, and take its members out of it
    Group {
        /// Name or id
        #[arg(value_name = "GROUP")]
        group: String,
        #[command(flatten)]
        how: RevokeHow,
    },
}

#[derive(Debug, Args)]
pub struct RevokeHow {
    /// Manifest file or folder that says which portal it is, and for which the lasting change is shown; may be given
    /// several times
    #[arg(short = 'f', long = "file", value_name = "PATH")]
    pub files: Vec<PathBuf>,
    /// Also write the lasting change of the manifest to a file, for `git apply`
    #[arg(long, value_name = "FILE", requires = "files")]
    pub patch: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    pub auto_approve: bool,
    /// Where to record what is sent and what comes back [default: a new file in .aehctl/journal]
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Enabled administrators that must be left; 0 lets the last one go
    #[arg(long, value_name = "N", value_parser = count)]
    pub min_administrators: Option<usize>,
}

#[derive(Debug, Args)]
pub struct Get {
    #[command(subcommand)]
    pub kind: GetKind,
}

#[derive(Debug, Subcommand)]
pub enum GetKind {
    /// Salesforce connections of the organization
    Connections,
    /// Portals of a connection, or of all
    Portals,
    /// User groups of the portal, as a tree
    UserGroups,
    /// Mappings of identity providers' groups to user groups
    IdpMappings {
        /// Only those of this group: its name or id
        #[arg(long, value_name = "GROUP")]
        user_group: Option<String>,
    },
    /// Assets that are published in the portal
    Assets {
        #[command(flatten)]
        search: Search,
        /// Only what this group sees: its name or id
        #[arg(long, value_name = "GROUP")]
        user_group: Option<String>,
        /// With --user-group: also what it sees through its parents
        #[arg(long, requires = "user_group")]
        inherited: bool,
    },
    /// Who sees which version of one asset
    Asset {
        /// groupId/assetId, or business group/assetId
        #[arg(value_name = "COORDINATES")]
        coordinates: String,
    },
    /// Assets of Exchange that could be published
    Exchange {
        #[command(flatten)]
        search: Search,
    },
    /// Members of the portal
    Members {
        /// Only those whose name or email holds this text
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Only those who are disabled
        #[arg(long, conflicts_with = "active")]
        disabled: bool,
        /// Only those who are not disabled
        #[arg(long)]
        active: bool,
    },
    /// One member
    Member {
        /// Id, username or email
        #[arg(value_name = "USER")]
        user: String,
    },
    /// Pending sign-ups
    Prospects {
        /// Only those whose name or email holds this text
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Only how many there are
        #[arg(long, conflicts_with = "search")]
        count: bool,
    },
    /// Identity providers of the organization
    IdentityProviders,
    /// Business groups of the organization, as a tree
    BusinessGroups,
}

#[derive(Debug, Clone, Args)]
pub struct Search {
    /// Only those whose name or description holds this text
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Only those with this tag; may be given several times
    #[arg(long = "tag", alias = "tags", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Only those of this category, as key:value; may be given several times
    #[arg(long = "category", alias = "categories", value_name = "KEY:VALUE")]
    pub categories: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Emulator {
    #[command(subcommand)]
    pub command: EmulatorCommand,
}

#[derive(Debug, Subcommand)]
pub enum EmulatorCommand {
    /// Serve until stopped; prints its url and a credential as one JSON line
    Serve {
        /// Loopback address; port 0 takes a free one
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
        listen: std::net::SocketAddr,
        /// Database; in memory without it
        #[arg(long, value_name = "FILE")]
        db: Option<PathBuf>,
        /// Seed document to fill an empty database with; the demo if the database is new and none is given
        #[arg(long, value_name = "FILE")]
        seed: Option<PathBuf>,
        /// Empty a filled database before seeding it
        #[arg(long, requires = "seed")]
        reset: bool,
        /// How much later each request is answered, e.g. 50ms
        #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
        latency: std::time::Duration,
        /// File to append a JSON line for each request to
        #[arg(long, value_name = "FILE")]
        request_log: Option<PathBuf>,
        /// How long a bearer token is good
        #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
        token_lifetime: std::time::Duration,
        /// Take another side of what nobody knows of the hub, e.g. member-groups=adds; `help` lists them
        #[arg(long = "switch", value_name = "NAME=VALUE")]
        switches: Vec<String>,
    },
    /// Fill a database from a seed document
    Seed {
        #[arg(long, value_name = "FILE", default_value = EMULATOR_DATABASE)]
        db: PathBuf,
        /// Seed document in YAML or JSON; the demo without one
        #[arg(value_name = "SEED")]
        seed: Option<PathBuf>,
        /// Empty a filled database first
        #[arg(long)]
        reset: bool,
    },
    /// Print the whole world of a database as a seed document
    Dump {
        #[arg(long, value_name = "FILE", default_value = EMULATOR_DATABASE)]
        db: PathBuf,
    },
    /// Print the OpenAPI document of what is served
    Openapi,
}

#[derive(Debug, Args)]
pub struct Completions {
    /// Shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub struct Man {
    /// Directory to write a page for each command to; without it, the main page is printed
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Who shows faults beside the lines that they are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Annotations {
    Github,
    /// The file of the report.
    Gitlab(PathBuf),
}

impl std::str::FromStr for Annotations {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            None if text == "github" => Ok(Self::Github),
            None if text == "gitlab" => Ok(Self::Gitlab(PathBuf::from(CODE_QUALITY))),
            Some(("gitlab", file)) if !file.is_empty() => Ok(Self::Gitlab(PathBuf::from(file))),
            _ => Err("expected `github`, `gitlab` or `gitlab=FILE`"),
        }
    }
}

/// A digest of changes, whole or its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedDigest(String);

impl ExpectedDigest {
    /// The fewest digits that are taken for a digest.
    const FEWEST: usize = 12;

    pub fn fits(&self, digest: &str) -> bool {
        digest.starts_with(&self.0)
    }
}

impl std::fmt::Display for ExpectedDigest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::str::FromStr for ExpectedDigest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        let is_digest =
            (Self::FEWEST..=64).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_digest {
            return Ok(Self(format!("sha256:{}", digits.to_ascii_lowercase())));
        }
        Err(format!("expected `sha256:` and at least {} of its 64 hexadecimal digits", Self::FEWEST))
    }
}

fn count(text: &str) -> Result<usize, &'static str> {
    crate::limit::count(text).ok_or("expected a number like `10`")
}

/// `50ms`, `2s`, `1m`, `1h`.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    let fault = || format!("`{text}` is not a duration like 50ms, 2s or 1h");
    let digits = text.find(|character: char| !character.is_ascii_digit()).ok_or_else(fault)?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| fault())?;
    let milliseconds = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    milliseconds.map(std::time::Duration::from_millis).ok_or_else(fault)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn annotations_are_for_a_forge_that_is_known() {
        let gitlab = |file: &str| Ok(Annotations::Gitlab(PathBuf::from(file)));
        assert_eq!("github".parse(), Ok(Annotations::Github));
        assert_eq!("gitlab".parse(), gitlab("gl-code-quality-report.json"));
        assert_eq!("gitlab=out/a=b.json".parse(), gitlab("out/a=b.json"));
        for text in ["", "GitHub", "gitlab=", "github=x", "=x", "jenkins"] {
            assert!(text.parse::<Annotations>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_digest_may_be_cut_off() {
        let whole = format!("sha256:{}", "0123456789abcdef".repeat(4));
        for text in [whole.as_str(), &whole[7..], &whole[..19], "0123456789AB"] {
            assert!(text.parse::<ExpectedDigest>().expect("it is a digest").fits(&whole), "{text}");
        }
        assert!(!"123456789abc".parse::<ExpectedDigest>().expect("it is a digest").fits(&whole));
        for text in ["", "sha256:", "0123456789a", "sha512:0123456789ab", "0123456789ag", &format!("{whole}0")] {
            assert!(text.parse::<ExpectedDigest>().is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("50ms"), Ok(std::time::Duration::from_millis(50)));
        assert_eq!(duration("1h"), Ok(std::time::Duration::from_hours(1)));
        for text in ["", "5", "s", "5 s", "-1s", "99999999999999999999s", "18446744073709551615h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
