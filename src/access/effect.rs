//! How sight changes: exact for every member and version, by sets of people for each group.
//!
//! People are numbers: members first, then one for each group of an identity provider, and last the visitor who has
//! not signed in. A group is the set of those who see what it sees; a version is seen by the union over its audience.
//! Versions of the same two audiences change alike, and are reckoned once.

mod crowd;
mod tally;

use std::collections::{BTreeMap, HashMap};

use self::crowd::{Audience, Crowd};
use self::tally::Tally;
use super::states::is_told;
use crate::address::Address;
use crate::directory::Directory;
use crate::id::GroupName;
use crate::kinds::GroupSet;
use crate::plan::access::{Access, Cause, Effect, Side};
use crate::plan::{Change, Edit, Operation, Origin};

/// Whether a plan changes what anybody sees, as far as its changes tell.
pub fn changes_sight(changes: &[Change]) -> bool {
    changes.iter().any(|change| match &change.edit {
        Edit::UserGroup(operation) => matches!(operation, Operation::Delete { .. }),
        Edit::Asset(Operation::Update { before, after }) => before.versions != after.versions,
        Edit::Reject { .. } => false,
        Edit::IdpMapping(_) | Edit::Asset(_) | Edit::Member { .. } | Edit::Approve { .. } => true,
    })
}

/// The difference between the two states, with the names of so many members for each version.
pub fn effect(access: &Access, directory: &Directory, changes: &[Change], names: usize) -> Effect {
    let mut crowd = Crowd::of(access, directory, changes);
    let fields = AudienceFields::of(changes);
    let mut alike: HashMap<[Audience; 2], Vec<Version<'_>>> = HashMap::new();
    for (number, asset) in access.assets.iter().enumerate() {
        for (place, version) in asset.versions.iter().enumerate().filter(|(_, version)| is_told(version)) {
            if version.audience.differs() || crowd.moves() {
                let [Some(before), Some(after)] = [Side::Before, Side::After].map(|side| version.audience.on(side))
                else {
                    continue;
                };
                let audiences = [crowd.audience(before), crowd.audience(after)];
                let field = fields.get(&asset.address, &version.version);
                alike.entry(audiences).or_default().push(Version { place: (number, place), field });
            }
        }
    }
    let mut tally = Tally::new(&crowd, names);
    // What is reckoned of one pair of audiences is forgotten before the next: there may be as many as versions.
    for ([before, after], versions) in alike {
        let shift = crowd.shift(&before, &after);
        if !shift.is_nothing() {
            tally.count(&shift, &before, &versions);
        }
    }
    tally.finish(directory)
}

/// A version whose audience changes, or whose viewers do.
struct Version<'a> {
    /// The numbers of its asset and of itself there, which order all versions.
    place: (usize, usize),
    field: Option<&'a AudienceField<'a>>,
}

/// Where the audiences that change come from, and by whom, by asset and version.
struct AudienceFields<'a>(HashMap<(&'a Address, &'a str), AudienceField<'a>>);

/// What is known of one audience that changes.
#[derive(Default)]
struct AudienceField<'a> {
    cause: Option<&'a str>,
    /// Groups that it gets from elsewhere.
    apart: BTreeMap<&'a str, Option<&'a str>>,
    origin: Option<Origin>,
    /// Groups that it loses, and that somebody added in the portal by hand.
    undeclared: GroupSet,
}

impl<'a> AudienceFields<'a> {
    fn of(changes: &'a [Change]) -> Self {
        let mut fields = HashMap::new();
        for change in changes.iter().filter(|change| matches!(change.edit, Edit::Asset(_))) {
            for field in &change.fields {
                let Some(version) = field.path.strip_prefix("versions.") else { continue };
                let AudienceField { cause, apart, origin, undeclared } =
                    fields.entry((&change.address, version)).or_default();
                *cause = field.cause.as_deref().or(*cause);
                apart.extend(field.apart.iter().map(|(group, cause)| (group.as_str(), cause.as_deref())));
                *origin = field.origin.max(*origin);
                undeclared.extend(field.undeclared.iter().map(|group| group.as_str().into()));
            }
        }
        Self(fields)
    }

    fn get(&self, asset: &'a Address, version: &'a str) -> Option<&AudienceField<'a>> {
        self.0.get(&(asset, version))
    }
}

impl AudienceField<'_> {
    /// Why a group gains or loses sight of it.
    fn cause(&self, gives: bool, group: &GroupName) -> Cause {
        let apart = if gives { self.apart.get(group.as_str()) } else { None };
        apart.copied().unwrap_or(self.cause).map_or(Cause::Assets, |name| Cause::Audience(name.to_owned()))
    }
}
