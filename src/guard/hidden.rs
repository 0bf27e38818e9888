//! Assets that guests or certain groups may not come to see: finds those that they see after a plan.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::gather::Names;
use super::people::counted;
use crate::access;
use crate::address::{Address, AddressPattern, Kind};
use crate::directory::Entry;
use crate::id::{AssetKey, GroupName};
use crate::kinds::GroupSet;
use crate::plan::access::{SeenAsset, SeenVersion, Side};
use crate::plan::{Edit, Exposure, Guard, Hidden, HiddenFrom, Operation, Plan};
use crate::state::LiveState;

/// Looks at a plan with all that was read of its portal so far, and judges it anew.
pub fn survey(plan: &mut Plan, live: &LiveState) {
    let (mut exposures, mut unseen) = (BTreeSet::new(), None);
    if !plan.guards.hidden.is_empty() {
        let computed;
        let assets = if let Some(access) = &plan.access {
            &access.assets
        } else {
            computed = access::states(&plan.portal, live, &plan.target, &plan.changes);
            &computed.assets
        };
        let survey = Survey::new(plan, live, assets);
        for hidden in &plan.guards.hidden {
            survey.add(hidden, &mut exposures, &mut unseen);
        }
    }
    plan.guards.exposures = exposures;
    plan.guards.unseen = unseen.map(|unseen| unseen.to_string());
    super::judge(plan);
}

/// Whether the plan creates a group from which something is hidden: what it would see has to be known then, although
/// nobody is in it yet.
pub fn needs_sight(plan: &Plan) -> bool {
    let new: Vec<&Entry> = plan.target.user_groups.iter().filter(|entry| entry.id.is_none()).collect();
    let is_from = |hidden: &Hidden| match &hidden.from {
        HiddenFrom::Guests => false,
        HiddenFrom::UserGroups(names) => {
            let patterns = patterns(Kind::UserGroups, names);
            new.iter().any(|entry| patterns.iter().any(|pattern| pattern.matches(entry.name.as_str())))
        }
    };
    plan.guards.hidden.iter().any(is_from)
}

fn patterns(kind: Kind, texts: &[String]) -> Vec<AddressPattern> {
    texts.iter().filter_map(|text| AddressPattern::of(kind, text).ok()).collect()
}

/// What was not read of hidden assets.
#[derive(Debug, Clone, Copy)]
enum Unseen {
    Everything,
    Of { assets: usize, versions: usize },
}

impl std::fmt::Display for Unseen {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Everything => formatter.write_str("the portal's assets were not read"),
            Self::Of { assets, versions: 0 } => {
                write!(formatter, "{} not read", counted(*assets, "asset was", "assets were"))
            }
            Self::Of { assets: 0, versions } => {
                write!(formatter, "the hub does not tell who sees {}", counted(*versions, "version", "versions"))
            }
            Self::Of { assets, versions } => write!(
                formatter,
                "{} not read, and the hub does not tell who sees {}",
                counted(*assets, "asset was", "assets were"),
                counted(*versions, "version", "versions")
            ),
        }
    }
}

/// Those from whom something is hidden.
struct Viewer<'a> {
    /// `None`: guests, who have not signed in.
    group: Option<&'a GroupName>,
    /// The groups whose audiences they see.
    sees: GroupSet,
    /// There is no such group before the plan.
    is_new: bool,
}

struct Survey<'a> {
    plan: &'a Plan,
    names: Names<'a>,
    live: &'a LiveState,
    assets: &'a [SeenAsset],
    created: BTreeSet<GroupName>,
    deleted: BTreeSet<GroupName>,
}

impl<'a> Survey<'a> {
    fn new(plan: &'a Plan, live: &'a LiveState, assets: &'a [SeenAsset]) -> Self {
        let (mut created, mut deleted) = (BTreeSet::new(), BTreeSet::new());
        for change in &plan.changes {
            match &change.edit {
                Edit::UserGroup(Operation::Create { .. }) => _ = created.insert(change.address.name().into()),
                Edit::UserGroup(Operation::Delete { .. }) => _ = deleted.insert(change.address.name().into()),
                _ => {}
            }
        }
        Self { plan, names: Names { live, directory: &plan.target.user_groups }, live, assets, created, deleted }
    }

    fn add(&self, hidden: &Hidden, exposures: &mut BTreeSet<Exposure>, unseen: &mut Option<Unseen>) {
        let viewers = self.viewers(&hidden.from);
        let patterns = patterns(Kind::Assets, &hidden.assets);
        let has_new = viewers.iter().any(|viewer| viewer.is_new);
        // Many versions have one and the same audience.
        let mut shown: HashMap<&GroupSet, Vec<(usize, GroupSet)>> = HashMap::new();
        let mut untold = 0;
        for asset in self.assets {
            let is_this = |pattern: &&AddressPattern| self.names.is_asset(pattern, &asset.address);
            let Some(pattern) = patterns.iter().find(is_this) else { continue };
            let mut found: BTreeMap<bool, Exposure> = BTreeMap::new();
            for SeenVersion { version, audience } in &asset.versions {
                let Some(after) = audience.on(Side::After) else {
                    untold += 1;
                    continue;
                };
                // What nobody knows to be shown is not taken for shown.
                let before = audience.on(Side::Before).as_ref();
                for (number, through) in shown.entry(after).or_insert_with(|| shown_to(&viewers, after)) {
                    let Viewer { group, sees, is_new } = &viewers[*number];
                    let stands = !is_new && before.is_some_and(|before| !before.is_disjoint(sees));
                    let exposure = found.entry(stands).or_insert_with(|| Exposure {
                        guard: hidden.from.guard(),
                        rule: rule(pattern, &hidden.from),
                        asset: asset.address.clone(),
                        stands,
                        versions: BTreeSet::new(),
                        user_groups: GroupSet::new(),
                        through: GroupSet::new(),
                    });
                    exposure.versions.insert(version.clone());
                    exposure.user_groups.extend(group.map(Clone::clone));
                    exposure.through.extend(through.iter().cloned());
                }
            }
            exposures.extend(found.into_values());
        }
        if has_new && let Some(missing) = self.missing(&patterns, untold) {
            *unseen = Some(unseen.map_or(missing, |unseen| unseen.and(missing)));
        }
    }

    /// What a new group might see and nobody knows.
    fn missing(&self, patterns: &[AddressPattern], versions: usize) -> Option<Unseen> {
        let Some(listed) = &self.live.assets else { return Some(Unseen::Everything) };
        let is_hidden = |key: &AssetKey| {
            let address = Address::new(&self.plan.portal, Kind::Assets, [&key.group_id, &key.asset_id]);
            patterns.iter().any(|pattern| self.names.is_asset(pattern, &address))
        };
        let assets = listed.iter().filter(|(key, asset)| asset.detail.is_none() && is_hidden(key)).count();
        (assets > 0 || versions > 0).then_some(Unseen::Of { assets, versions })
    }

    fn viewers(&self, from: &HiddenFrom) -> Vec<Viewer<'a>> {
        let directory = &self.plan.target.user_groups;
        let HiddenFrom::UserGroups(names) = from else {
            return vec![Viewer { group: None, sees: directory.guests(), is_new: false }];
        };
        let patterns = patterns(Kind::UserGroups, names);
        let is_meant = |entry: &&Entry| {
            // A built-in group is meant where its name is written out.
            let means = |pattern: &&AddressPattern| !entry.flags.is_built_in() || pattern.literal().is_some();
            let exists = entry.id.is_some() || self.created.contains(&entry.name);
            exists
                && !self.deleted.contains(&entry.name)
                && patterns.iter().filter(means).any(|pattern| self.names.is_group(pattern, &entry.name))
        };
        let viewer = |entry: &'a Entry| Viewer {
            group: Some(&entry.name),
            // Whoever is in the public group need not have signed in.
            sees: if entry.flags.is_public {
                directory.guests()
            } else {
                directory.effective(&GroupSet::from([entry.name.clone()]))
            },
            is_new: entry.id.is_none(),
        };
        directory.iter().filter(is_meant).map(viewer).collect()
    }
}

impl Unseen {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Of { assets, versions }, Self::Of { assets: more, versions: others }) => {
                Self::Of { assets: assets + more, versions: versions + others }
            }
            _ => Self::Everything,
        }
    }
}

/// The viewers, by number, to whom an audience shows what it shows, with the groups through which it does.
fn shown_to(viewers: &[Viewer<'_>], audience: &GroupSet) -> Vec<(usize, GroupSet)> {
    let through = |viewer: &Viewer<'_>| -> GroupSet { audience.intersection(&viewer.sees).cloned().collect() };
    let all = viewers.iter().map(through).enumerate();
    all.filter(|(_, through)| !through.is_empty()).collect()
}

impl HiddenFrom {
    const fn guard(&self) -> Guard {
        match self {
            Self::Guests => Guard::NeverPublic,
            Self::UserGroups(_) => Guard::NeverVisibleTo,
        }
    }
}

/// `Finance/*` or `Finance/*` for `Partner *`
fn rule(pattern: &AddressPattern, from: &HiddenFrom) -> String {
    match from {
        HiddenFrom::Guests => format!("`{}`", pattern.name()),
        HiddenFrom::UserGroups(names) => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("`{}` for {}", pattern.name(), names.join(", "))
        }
    }
}
