//! `delegate`: which fragments may declare what.
//!
//! Rules only ever allow, and what several rules about a file allow adds up: a rule more never takes anything away, so
//! their order means nothing, and one rule is read without the others. What no rule allows is a fault, wherever in the
//! fragment it stands. A fragment never sees a rule: they stand in the Portal.

use glob::{Pattern, PatternError};

use super::faults::{Faults, enumeration};
use super::load::Fragment;
use super::lower::{Join, Parts};
use super::model::{Asset, GroupReference, IdpGroup, Parent, UserGroup, is_uuid};
use super::reference::SYSTEM;
use crate::diagnostic::{Diagnostic, Located, Location, nearest};

/// So many of the rules about a file are shown with a fault.
const MOST_RULES_SHOWN: usize = 3;

/// The rules of a Portal about its fragments.
#[derive(Debug, Clone, PartialEq)]
pub struct Delegation {
    pub location: Location,
    pub rules: Vec<Rule>,
}

/// What the fragments of some files may declare.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// A path or a pattern, seen from the Portal's file.
    pub files: Located<String>,
    pub user_groups: Vec<NamePattern>,
    pub idp_groups: Vec<PairPattern>,
    pub joins: Vec<NamePattern>,
    pub audiences: Vec<NamePattern>,
    pub assets: Vec<PairPattern>,
}

impl Rule {
    /// What the rule allows: the key, and the patterns as they are written.
    pub fn allowed(&self) -> impl Iterator<Item = (&'static str, &str)> {
        Key::ALL.into_iter().flat_map(|key| self.texts(key).into_iter().map(move |text| (key.as_str(), text)))
    }

    fn texts(&self, key: Key) -> Vec<&str> {
        let Self { files: _, user_groups, idp_groups, joins, audiences, assets } = self;
        match key {
            Key::UserGroups => user_groups.iter().map(|pattern| pattern.text.as_str()).collect(),
            Key::IdpGroups => idp_groups.iter().map(|pattern| pattern.text.as_str()).collect(),
            Key::Joins => joins.iter().map(|pattern| pattern.text.as_str()).collect(),
            Key::Audiences => audiences.iter().map(|pattern| pattern.text.as_str()).collect(),
            Key::Assets => assets.iter().map(|pattern| pattern.text.as_str()).collect(),
        }
    }
}

/// What a rule speaks of.
#[derive(Debug, Clone, Copy)]
enum Key {
    UserGroups,
    IdpGroups,
    Joins,
    Audiences,
    Assets,
}

impl Key {
    const ALL: [Self; 5] = [Self::UserGroups, Self::IdpGroups, Self::Joins, Self::Audiences, Self::Assets];

    const fn as_str(self) -> &'static str {
        match self {
            Self::UserGroups => "userGroups",
            Self::IdpGroups => "idpGroups",
            Self::Joins => "joins",
            Self::Audiences => "audiences",
            Self::Assets => "assets",
        }
    }
}

/// Names, by `*`, `?` and `[…]`, with regard to case. A name that is written out is meant even if it looks like a
/// pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct NamePattern {
    /// As it was written.
    pub text: String,
    glob: Pattern,
}

impl NamePattern {
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        Ok(Self { text: text.to_owned(), glob: Pattern::new(text)? })
    }

    fn matches(&self, name: &str) -> bool {
        self.text == name || self.glob.matches(name)
    }

    /// A built-in is meant only where its name begins the pattern: `*` is every group but those.
    fn matches_group(&self, group: &GroupReference) -> bool {
        match group {
            GroupReference::Named(name) => self.matches(name),
            GroupReference::System(system) => self.text.starts_with(SYSTEM) && self.matches(system.as_str()),
        }
    }

    fn is_any(&self) -> bool {
        self.text == "*"
    }
}

/// Names of two parts, such as coordinates, each matched by itself: `*` in one never reaches into the other.
#[derive(Debug, Clone, PartialEq)]
pub struct PairPattern {
    /// As it was written.
    pub text: String,
    first: NamePattern,
    second: NamePattern,
}

/// Why a text is no pattern of two parts.
#[derive(Debug)]
pub enum NotAPair {
    OnePart,
    Malformed(PatternError),
}

impl PairPattern {
    /// Coordinates, which are split at the last `/`; or `*`, which is all.
    pub fn of_assets(text: &str) -> Result<Self, NotAPair> {
        Self::parse(text, text.rsplit_once('/'))
    }

    /// A provider and a group of it, which are split at the first `/`; or `*`, which is all.
    pub fn of_idp_groups(text: &str) -> Result<Self, NotAPair> {
        Self::parse(text, text.split_once('/'))
    }

    fn parse(text: &str, parts: Option<(&str, &str)>) -> Result<Self, NotAPair> {
        let (first, second) = match parts {
            Some((first, second)) if !first.is_empty() && !second.is_empty() => (first, second),
            None if text == "*" => ("*", "*"),
            _ => return Err(NotAPair::OnePart),
        };
        let part = |text| NamePattern::parse(text).map_err(NotAPair::Malformed);
        Ok(Self { text: text.to_owned(), first: part(first)?, second: part(second)? })
    }

    /// An id is no name: a pattern that means names by their beginning means no id that happens to begin so.
    fn matches_asset(&self, asset: &Asset) -> bool {
        let is_group = if is_uuid(&asset.group) {
            self.first.is_any() || self.first.text.eq_ignore_ascii_case(&asset.group)
        } else {
            self.first.matches(&asset.group)
        };
        is_group && self.second.matches(&asset.asset_id)
    }

    fn matches_idp_group(&self, group: &IdpGroup) -> bool {
        self.first.matches(&group.provider) && self.second.matches(&group.group)
    }
}

/// Says that no rule is about a fragment's file. `place`: where it lies, seen from the Portal's file.
pub(super) fn refuse(fragment: &Fragment, place: &str, delegation: &Delegation, faults: &mut Faults) {
    let fault = Diagnostic::error(
        "undelegated-fragment",
        fragment.location,
        "no rule under `delegate` is about this file, so it may declare nothing",
    );
    faults.push(
        fault
            .with_related(delegation.location, "the rules")
            .with_help(format!("a rule for it would begin with `files: {place}`, which is where it really lies")),
    );
}

/// Says what a fragment declares that none of the rules about its file allows.
pub(super) fn check(fragment: &Fragment, rules: &[&Rule], faults: &mut Faults) {
    let Parts { audiences, user_groups, joins, assets } = &fragment.parts;
    let mut check = Check { rules, faults };
    for (name, _) in audiences {
        if !rules.iter().any(|rule| rule.audiences.iter().any(|pattern| pattern.matches(name))) {
            let what = format!("declare the audience `{}`", **name);
            check.refuse(name.location, &what, Key::Audiences, name);
        }
    }
    check.section(user_groups.as_deref(), fragment.location, Key::UserGroups);
    for group in user_groups.iter().flatten() {
        check.group(group);
    }
    for Join { group: _, audience } in joins {
        if !rules.iter().any(|rule| rule.joins.iter().any(|pattern| pattern.matches(audience))) {
            let what = format!("let groups join the audience `{}`", **audience);
            check.refuse(audience.location, &what, Key::Joins, audience);
        }
    }
    check.section(assets.as_deref(), fragment.location, Key::Assets);
    for asset in assets.iter().flatten() {
        check.asset(asset);
    }
}

struct Check<'a> {
    rules: &'a [&'a Rule],
    faults: &'a mut Faults,
}

impl Check<'_> {
    /// That a section is there at all has a meaning of its own: objects that left it are deleted.
    fn section<T>(&mut self, entries: Option<&[T]>, location: Location, key: Key) {
        let is_allowed = self.rules.iter().any(|rule| !rule.texts(key).is_empty());
        if entries.is_some_and(<[T]>::is_empty) && !is_allowed {
            let what = format!("have a section `{}`, not even an empty one", key.as_str());
            self.refuse(location, &what, key, "");
        }
    }

    fn group(&mut self, group: &UserGroup) {
        let UserGroup { name, parent, description: _, formerly, idp_groups, state: _, delegated: _ } = group;
        // Being deleted and being disabled take from the group's own people alone.
        self.group_name(name, "declare the user group");
        match parent {
            Parent::Stated(parent) => self.group_name(parent, "put groups under the user group"),
            // It is declared itself.
            Parent::Unstated | Parent::Nested(_) => {}
        }
        for former in formerly {
            let named = Located::new(GroupReference::Named(former.value.clone()), former.location);
            self.group_name(&named, "rename the user group");
        }
        for mapped in idp_groups.iter().flatten() {
            if !self.rules.iter().any(|rule| rule.idp_groups.iter().any(|pattern| pattern.matches_idp_group(mapped))) {
                let pair = format!("{}/{}", *mapped.provider, *mapped.group);
                let what = format!("map `{pair}` to a user group");
                self.refuse(mapped.group.location, &what, Key::IdpGroups, &pair);
            }
        }
    }

    fn group_name(&mut self, group: &Located<GroupReference>, verb: &str) {
        if self.rules.iter().any(|rule| rule.user_groups.iter().any(|pattern| pattern.matches_group(group))) {
            return;
        }
        let name = match &group.value {
            GroupReference::Named(name) => name.as_str(),
            GroupReference::System(system) => system.as_str(),
        };
        self.refuse(group.location, &format!("{verb} `{name}`"), Key::UserGroups, name);
    }

    fn asset(&mut self, asset: &Asset) {
        let patterns = || self.rules.iter().flat_map(|rule| &rule.assets);
        if patterns().any(|pattern| pattern.matches_asset(asset)) {
            return;
        }
        let coordinates = asset.coordinates();
        let fits_but_group = |pattern: &&PairPattern| {
            is_uuid(&pattern.first.text) != is_uuid(&asset.group) && pattern.second.matches(&asset.asset_id)
        };
        let what = format!("declare the asset `{coordinates}`");
        match patterns().find(fits_but_group) {
            Some(pattern) => {
                let how = if is_uuid(&asset.group) { "by name" } else { "by its id" };
                let help = format!(
                    "coordinates are compared as they are written, and `{}` means the business group {how}: if it is the same one, write it so here too",
                    pattern.text
                );
                self.push(asset.location, &what, Key::Assets, help);
            }
            None => self.refuse(asset.location, &what, Key::Assets, &coordinates),
        }
    }

    fn refuse(&mut self, location: Location, what: &str, key: Key, name: &str) {
        let patterns: Vec<&str> = self.rules.iter().flat_map(|rule| rule.texts(key)).collect();
        let help = match nearest(name, patterns.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if patterns.is_empty() => {
                format!("if it is meant to, whoever owns the Portal adds `{}` to a rule for this file", key.as_str())
            }
            None => format!(
                "allowed here: {}; if more is meant, whoever owns the Portal adds it to a rule for this file",
                enumeration(patterns)
            ),
        };
        self.push(location, what, key, help);
    }

    fn push(&mut self, location: Location, what: &str, key: Key, help: String) {
        let message = format!("this file may not {what}");
        let mut fault = Diagnostic::error("not-delegated", location, message).with_help(help);
        // The rules that speak of the matter say most.
        let (speaking, silent): (Vec<&Rule>, Vec<&Rule>) =
            self.rules.iter().partition(|rule| !rule.texts(key).is_empty());
        for rule in speaking.into_iter().chain(silent).take(MOST_RULES_SHOWN) {
            let allowed = rule.texts(key);
            let label = if allowed.is_empty() {
                format!("this rule for the file allows no `{}`", key.as_str())
            } else {
                format!("this rule for the file allows {} under `{}`", enumeration(allowed), key.as_str())
            };
            fault = fault.with_related(rule.files.location, label);
        }
        self.faults.push(fault);
    }
}

/// Says that no fragment lies where a rule looks for some: a typo there allows nothing. `places`: where they lie.
pub(super) fn warn_of_idle(rule: &Rule, places: &[String], faults: &mut Faults) {
    let message = format!("no included fragment lies at `{}`", *rule.files);
    let help = match nearest(&rule.files, places.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if places.is_empty() => "the Portal includes no file".to_owned(),
        None => format!("included here: {}", enumeration(places.iter().map(String::as_str))),
    };
    faults.warning("idle-rule", rule.files.location, message, &help);
}
