//! What a plan shows, put together: one entry for each object, and one for each cause that changes many alike.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::names::Names;
use crate::address::{Address, Kind};
use crate::plan::{Action, Change, Edit, FieldChange, Origin, Plan};

/// As many identical changes are still shown one by one.
const SMALL: usize = 3;

/// Everything that happens to one object. An asset that changes in two steps is one entry, first before → last after.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub address: &'a Address,
    /// Without the kind: `Finance/payment-api`.
    pub name: String,
    pub steps: Vec<&'a Change>,
    /// What is left to show of it once groups have taken theirs.
    pub fields: Vec<Field<'a>>,
    /// Groups have taken something.
    pub is_grouped: bool,
}

/// A field from its first value to its last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Field<'a> {
    pub path: &'a str,
    pub before: &'a Value,
    pub after: &'a Value,
    pub cause: Option<&'a str>,
    pub origin: Option<Origin>,
}

/// Sets that change alike.
#[derive(Debug, PartialEq)]
pub(super) struct Group<'a> {
    pub key: Key<'a>,
    pub members: Vec<GroupMember<'a>>,
}

/// What makes changes identical.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key<'a> {
    pub cause: Option<&'a str>,
    pub reason: Option<&'a str>,
    pub origin: Option<Origin>,
    pub difference: SetDifference<'a>,
}

/// An object of a group, with the versions of it that change.
#[derive(Debug, PartialEq)]
pub(super) struct GroupMember<'a> {
    pub name: String,
    /// Empty for members: they have one set of groups.
    pub versions: Vec<&'a str>,
    pub in_two_steps: bool,
}

/// How one set of names becomes another.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SetDifference<'a> {
    pub added: Vec<&'a str>,
    pub removed: Vec<&'a str>,
}

/// All of one kind.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub kind: Kind,
    /// The largest first.
    pub groups: Vec<Group<'a>>,
    /// Those that are shown on their own, in the order of their names.
    pub entries: Vec<Entry<'a>>,
    /// Addresses, grouped ones included.
    pub size: usize,
}

impl<'a> Entry<'a> {
    /// The change that says what becomes of the object.
    pub(super) fn last(&self) -> &'a Change {
        self.steps.last().expect("an entry is made of a change")
    }

    pub(super) fn in_two_steps(&self) -> bool {
        self.steps.len() > 1
    }

    /// The gravest of its steps.
    pub(super) fn origin(&self) -> Option<Origin> {
        self.steps.iter().filter_map(|step| step.origin).max()
    }
}

impl Group<'_> {
    /// How many sets change.
    pub(super) fn size(&self) -> usize {
        self.members.iter().map(|member| member.versions.len().max(1)).sum()
    }
}

impl<'a> SetDifference<'a> {
    pub(super) fn between(before: &BTreeSet<&'a str>, after: &BTreeSet<&'a str>) -> Self {
        Self {
            added: after.difference(before).copied().collect(),
            removed: before.difference(after).copied().collect(),
        }
    }
}

/// A list of names; anything else is none.
pub(super) fn as_set(value: &Value) -> Option<BTreeSet<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}

/// One change on its own.
pub(super) fn entry_of<'a>(change: &'a Change, names: &Names) -> Entry<'a> {
    let steps = vec![change];
    Entry {
        address: &change.address,
        name: names.name(&change.address),
        fields: merged_fields(&steps),
        steps,
        is_grouped: false,
    }
}

/// Puts a plan together by kind, in the order in which kinds are shown; kinds without a change are left out.
pub(super) fn sections<'a>(plan: &'a Plan, names: &Names) -> Vec<Section<'a>> {
    let mut by_kind: BTreeMap<Kind, Vec<Entry<'a>>> = BTreeMap::new();
    for entry in entries(&plan.changes, names) {
        by_kind.entry(entry.address.kind).or_default().push(entry);
    }
    by_kind
        .into_iter()
        .map(|(kind, mut entries)| {
            entries.sort_by(|a, b| {
                let key = |entry: &Entry<'a>| (entry.last().action(), entry.address);
                a.name.cmp(&b.name).then_with(|| key(a).cmp(&key(b)))
            });
            let size = entries.iter().map(|entry| entry.address).collect::<BTreeSet<_>>().len();
            let groups = take_groups(&mut entries);
            Section { kind, groups, entries, size }
        })
        .collect()
}

fn entries<'a>(changes: &'a [Change], names: &Names) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    let mut updates: HashMap<&Address, usize> = HashMap::new();
    for change in changes {
        let is_asset_update = matches!(change.edit, Edit::Asset(_)) && change.action() == Action::Update;
        if is_asset_update {
            if let Some(index) = updates.get(&change.address) {
                entries[*index].steps.push(change);
                continue;
            }
            updates.insert(&change.address, entries.len());
        }
        entries.push(entry_of(change, names));
    }
    for entry in entries.iter_mut().filter(|entry| entry.in_two_steps()) {
        entry.fields = merged_fields(&entry.steps);
    }
    entries
}

/// The fields of one or more steps, each from its first value to its last, in the order of their paths.
fn merged_fields<'a>(steps: &[&'a Change]) -> Vec<Field<'a>> {
    let mut fields: BTreeMap<&'a str, Field<'a>> = BTreeMap::new();
    for step in steps {
        for FieldChange { path, before, after, cause, apart: _, origin, undeclared: _ } in &step.fields {
            let field = fields.entry(path).or_insert(Field { path, before, after, cause: None, origin: None });
            field.after = after;
            field.cause = cause.as_deref().or(field.cause);
            field.origin = field.origin.max(*origin);
        }
    }
    fields.into_values().filter(|field| field.before != field.after).collect()
}

/// Takes out of the entries what many of them share, and drops those of which nothing is left.
fn take_groups<'a>(entries: &mut Vec<Entry<'a>>) -> Vec<Group<'a>> {
    let mut sizes: HashMap<Key<'a>, usize> = HashMap::new();
    let keys: Vec<Vec<Option<Key<'a>>>> =
        entries.iter().map(|entry| entry.fields.iter().map(|field| key(entry, field)).collect()).collect();
    for key in keys.iter().flatten().flatten() {
        *sizes.entry(key.clone()).or_default() += 1;
    }
    sizes.retain(|_, size| *size > SMALL);
    let mut groups: HashMap<Key<'a>, Vec<GroupMember<'a>>> = HashMap::new();
    for (entry, keys) in entries.iter_mut().zip(keys) {
        let mut left = Vec::new();
        let mut taken: BTreeMap<Key<'a>, Vec<&'a str>> = BTreeMap::new();
        for (field, key) in entry.fields.drain(..).zip(keys) {
            match key.filter(|key| sizes.contains_key(key)) {
                Some(key) => taken.entry(key).or_default().extend(field.path.strip_prefix("versions.")),
                None => left.push(field),
            }
        }
        entry.fields = left;
        entry.is_grouped = !taken.is_empty();
        for (key, versions) in taken {
            let member = GroupMember { name: entry.name.clone(), versions, in_two_steps: entry.steps.len() > 1 };
            groups.entry(key).or_default().push(member);
        }
    }
    entries.retain(|entry| !entry.is_grouped || !entry.fields.is_empty());
    let mut groups: Vec<Group<'a>> = groups.into_iter().map(|(key, members)| Group { key, members }).collect();
    groups.sort_by(|a, b| b.size().cmp(&a.size()).then_with(|| a.key.cmp(&b.key)));
    groups
}

/// What a field shares with others of its kind; none for what is always shown on its own.
fn key<'a>(entry: &Entry<'a>, field: &Field<'a>) -> Option<Key<'a>> {
    let step: &'a Change = entry.steps.first()?;
    let is_set = match step.edit {
        Edit::Asset(_) => field.path.starts_with("versions."),
        Edit::Member { .. } => field.path == "userGroups",
        Edit::UserGroup(_) | Edit::IdpMapping(_) | Edit::Approve { .. } | Edit::Reject { .. } => false,
    };
    if !is_set || step.action() != Action::Update {
        return None;
    }
    let difference = SetDifference::between(&as_set(field.before)?, &as_set(field.after)?);
    Some(Key { cause: field.cause, reason: step.reason.as_deref(), origin: field.origin, difference })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::plan::Phase;
    use crate::render::samples::{Sample, asset};

    /// An audience before and after, and the cause.
    type Audience = (Vec<&'static str>, Vec<&'static str>, Option<&'static str>);

    /// Of few groups, so that many change alike.
    fn audience() -> impl Strategy<Value = Audience> {
        let set = || prop::sample::subsequence(vec!["A", "B"], 0..=2);
        (set(), set(), prop::sample::select(vec![None, Some("audience:x"), Some("audience:y")]))
    }

    proptest! {
        #[test]
        fn each_change_is_shown_once_grouped_or_alone(
            assets in prop::collection::vec(prop::collection::vec(audience(), 1..4), 0..12),
        ) {
            let mut sample = Sample::new();
            let mut expected: BTreeMap<(String, String), usize> = BTreeMap::new();
            for (index, versions) in assets.iter().enumerate() {
                let name = format!("api-{index}");
                let labels: Vec<String> = (0..versions.len()).map(|version| format!("v{version}")).collect();
                let state = |side: fn(&Audience) -> Vec<&'static str>| {
                    let sets: Vec<Vec<&str>> = versions.iter().map(side).collect();
                    let versions: Vec<(&str, &[&str])> =
                        labels.iter().zip(&sets).map(|(label, set)| (label.as_str(), set.as_slice())).collect();
                    asset(None, &versions)
                };
                sample = sample.asset_updated(Phase::Widen, &name, state(|set| set.0.clone()), state(|set| set.1.clone()));
                for (label, (before, after, cause)) in labels.iter().zip(versions) {
                    if let Some(cause) = cause {
                        sample = sample.caused_by(&format!("versions.{label}"), cause);
                    }
                    if before != after {
                        expected.insert((format!("Finance/{name}"), label.clone()), 1);
                    }
                }
            }
            let plan = sample.plan();
            let mut shown: BTreeMap<(String, String), usize> = BTreeMap::new();
            let mut alone: BTreeMap<Key<'_>, usize> = BTreeMap::new();
            for section in sections(&plan, &Names::of(&plan)) {
                for group in &section.groups {
                    prop_assert!(group.size() > SMALL);
                    for (member, version) in group.members.iter().flat_map(|member| {
                        member.versions.iter().map(move |version| (member, version))
                    }) {
                        *shown.entry((member.name.clone(), (*version).to_owned())).or_default() += 1;
                    }
                }
                for entry in &section.entries {
                    for field in &entry.fields {
                        let version = field.path.strip_prefix("versions.").unwrap_or(field.path);
                        *shown.entry((entry.name.clone(), version.to_owned())).or_default() += 1;
                        *alone.entry(key(entry, field).expect("audiences are sets")).or_default() += 1;
                    }
                }
            }
            prop_assert_eq!(shown, expected);
            prop_assert!(alone.values().all(|count| *count <= SMALL));
        }
    }
}
