//! Pseudonyms for the people in a snapshot, so that it can lie where names of people may not.
//!
//! A pseudonym is a keyed hash of a username or email as the resolver compares them: without regard to case. Who has
//! the key and a name can tell that person's pseudonym; nobody can go back from a pseudonym but by trying names, and
//! without the key not even that. To plan on such a snapshot, the names that a manifest declares are put back in the
//! place of their pseudonyms; everybody else keeps theirs. Ids stay as they are: they say nothing by themselves.
//!
//! Pure: the key is given from outside.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::address::{AddressPattern, Kind};
use crate::diagnostic::Located;
use crate::failure::Failure;
use crate::manifest::model::{Manifest, ProspectMatch};
use crate::state::{LiveMember, LiveProspect, LiveState, Pseudonyms};

/// The variable that holds the key.
pub const KEY_VARIABLE: &str = "AEHCTL_PSEUDONYM_KEY";

/// A shorter key can be found by trying, since each snapshot tells whether a key fits.
const SHORTEST_KEY: usize = 16;

/// 96 bits: two people never share one, and a line of a plan still fits a screen.
const LENGTH: usize = 12;

/// No name of a host ends so, and nothing can be sent there.
const TOP_LEVEL_DOMAIN: &str = "invalid";

/// What makes pseudonyms of names. Its `Debug` shows nothing.
#[derive(Debug, Clone)]
pub struct Key(SecretString);

/// What is hashed; the same text means another thing in each place.
#[derive(Clone, Copy)]
enum Purpose {
    Person,
    Domain,
    Check,
}

impl Key {
    /// Takes a key as the environment has it; white space around it is none of it.
    pub fn new(text: &str) -> Result<Self, Failure> {
        let text = text.trim();
        if text.len() < SHORTEST_KEY {
            return Err(Failure::new(format!(
                "the key in {KEY_VARIABLE} has {} bytes, and must have at least {SHORTEST_KEY}",
                text.len()
            ))
            .hint("make a random one, for example with `openssl rand -hex 32`"));
        }
        Ok(Self(text.to_owned().into()))
    }

    /// The pseudonym of a username or email, which is the same for every spelling that the resolver takes for the same.
    ///
    /// An email's domain has a pseudonym of its own, so that rules for whole domains find it.
    pub fn person(&self, name: &str) -> String {
        let local = format!("p-{}", self.hash(Purpose::Person, &name.to_lowercase()));
        match name.rsplit_once('@') {
            Some((_, domain)) => format!("{local}@{}", self.domain(domain)),
            None => local,
        }
    }

    fn domain(&self, domain: &str) -> String {
        format!("d-{}.{TOP_LEVEL_DOMAIN}", self.hash(Purpose::Domain, &domain.to_lowercase()))
    }

    /// Tells this key from others, and nothing else about it.
    fn check(&self) -> String {
        self.hash(Purpose::Check, "")
    }

    fn hash(&self, purpose: Purpose, text: &str) -> String {
        use std::fmt::Write as _;
        let mut hash =
            Hmac::<Sha256>::new_from_slice(self.0.expose_secret().as_bytes()).expect("a key may have any length");
        hash.update(match purpose {
            Purpose::Person => b"aehctl person\0",
            Purpose::Domain => b"aehctl domain\0",
            Purpose::Check => b"aehctl check\0\0",
        });
        hash.update(text.as_bytes());
        hash.finalize().into_bytes().iter().take(LENGTH).fold(String::new(), |mut hexadecimal, byte| {
            write!(hexadecimal, "{byte:02x}").expect("writing to a string does not fail");
            hexadecimal
        })
    }
}

/// Puts pseudonyms in the place of every username and email, and drops what people are called otherwise.
pub fn hide(live: &mut LiveState, key: &Key) {
    let hidden = |name: &str| if name.is_empty() { String::new() } else { key.person(name) };
    for member in live.members.iter_mut().flatten() {
        // Every field is thought of: a new one may name the person as well.
        let LiveMember { id: _, username, email, name, is_active: _, user_groups: _, provider: _, declared_as } =
            member;
        *username = username.as_deref().map(hidden);
        *email = hidden(email);
        (*name, *declared_as) = (None, None);
    }
    for prospect in live.prospects.iter_mut().flatten() {
        let LiveProspect { id: _, username, email, name, declared_as } = prospect;
        *username = username.as_deref().map(hidden);
        *email = hidden(email);
        (*name, *declared_as) = (None, None);
    }
    live.pseudonyms = Some(Pseudonyms { key_check: key.check() });
}

/// Puts the names that manifests declare back in the place of their pseudonyms.
///
/// Without anybody declared no key is needed.
pub fn reveal(live: &mut LiveState, key: Option<&Key>, manifests: &[&Manifest]) -> Result<(), Failure> {
    let Some(Pseudonyms { key_check }) = &live.pseudonyms else { return Ok(()) };
    let declared = Declared::of(manifests);
    if declared.is_empty() {
        return Ok(());
    }
    let Some(key) = key else {
        return Err(Failure::new(
            "the people in the snapshot have pseudonyms, and without the key nobody can tell whom the manifest means",
        )
        .hint(format!("set {KEY_VARIABLE} to the key that `observe --pseudonyms` was given")));
    };
    if *key_check != key.check() {
        return Err(Failure::new(format!(
            "{KEY_VARIABLE} is not the key that the snapshot's pseudonyms were made with"
        ))
        .hint("give the key that `observe --pseudonyms` was given, or observe the portal again with this one"));
    }
    let names = Names::new(key, &declared);
    for member in live.members.iter_mut().flatten() {
        names.reveal(member.id.as_str(), &mut member.username, &mut member.email, &mut member.declared_as)?;
    }
    for prospect in live.prospects.iter_mut().flatten() {
        names.reveal(prospect.id.as_str(), &mut prospect.username, &mut prospect.email, &mut prospect.declared_as)?;
    }
    Ok(())
}

/// Whom manifests name, in their spelling.
#[derive(Default)]
struct Declared<'m> {
    people: BTreeSet<&'m str>,
    domains: BTreeSet<&'m str>,
}

impl<'m> Declared<'m> {
    fn of(manifests: &[&'m Manifest]) -> Self {
        let mut declared = Self::default();
        for manifest in manifests {
            declared.people.extend(manifest.members.iter().flatten().map(|member| member.user.as_str()));
            for rule in manifest.prospects.iter().flatten() {
                match &rule.matches {
                    ProspectMatch::Email(email) => declared.people.insert(email),
                    ProspectMatch::EmailDomain(domain) => declared.domains.insert(domain),
                };
            }
            // What is protected is told from what is not by its name.
            let is_person =
                |pattern: &&Located<AddressPattern>| matches!(pattern.kind, Kind::Members | Kind::Prospects);
            for pattern in manifest.guards.protected.iter().filter(is_person) {
                declared.people.extend(pattern.literal());
                declared.domains.extend(pattern.whole_domain());
            }
        }
        declared
    }

    fn is_empty(&self) -> bool {
        let Self { people, domains } = self;
        people.is_empty() && domains.is_empty()
    }
}

/// The declared names by their pseudonyms.
struct Names<'m> {
    people: BTreeMap<String, &'m str>,
    domains: BTreeMap<String, &'m str>,
    /// In lower case, whether they name people or domains.
    declared: BTreeSet<String>,
    ids: BTreeSet<&'m str>,
}

impl<'m> Names<'m> {
    fn new(key: &Key, declared: &Declared<'m>) -> Self {
        let Declared { people, domains } = declared;
        Self {
            people: people.iter().map(|name| (key.person(name), *name)).collect(),
            domains: domains.iter().map(|domain| (key.domain(domain), *domain)).collect(),
            declared: people.iter().chain(domains).map(|name| name.to_lowercase()).collect(),
            ids: people.clone(),
        }
    }

    fn reveal(
        &self,
        id: &str,
        username: &mut Option<String>,
        email: &mut String,
        declared_as: &mut Option<String>,
    ) -> Result<(), Failure> {
        let by_id = self.ids.get(id).copied();
        let by_username = username.as_deref().and_then(|name| self.people.get(name)).copied();
        let by_email = self.people.get(email.as_str()).copied();
        *declared_as = by_username.or(by_email).or(by_id).map(ToOwned::to_owned);
        if let Some(name) = username {
            self.put_back(name, by_username)?;
        }
        self.put_back(email, by_email)
    }

    /// The whole name if it is declared, or else the domain if that is.
    fn put_back(&self, name: &mut String, declared: Option<&str>) -> Result<(), Failure> {
        if name.is_empty() {
            // Nothing has no pseudonym.
            return Ok(());
        }
        self.refuse_declared(name)?;
        if let Some(declared) = declared {
            declared.clone_into(name);
        } else if let Some((local, domain)) = name.rsplit_once('@') {
            self.refuse_declared(domain)?;
            if let Some(declared) = self.domains.get(domain) {
                *name = format!("{local}@{declared}");
                self.refuse_declared(&name.to_lowercase())?;
            }
        }
        Ok(())
    }

    /// A manifest is for a portal, which knows no pseudonyms: what fits one here would fit nobody there.
    fn refuse_declared(&self, pseudonym: &str) -> Result<(), Failure> {
        if !self.declared.contains(pseudonym) {
            return Ok(());
        }
        Err(Failure::new(format!("the manifest declares `{pseudonym}`, which is a pseudonym"))
            .hint("write the username or email: pseudonyms stand in snapshots alone"))
    }
}
