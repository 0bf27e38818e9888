//! Small portals and manifests for tests, built by hand, and plans as compact text.
//!
//! A group called `Gold Tier` has the id `g-gold-tier`; everything that a plan may need is "read".

pub(crate) mod hub;
pub(crate) mod worlds;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::diagnostic::{Located, Location};
use crate::id::{AssetKey, ChangeId, GroupId, GroupName};
use crate::manifest::model::{
    Asset, AssetState, Audience, AudienceItem, GroupReference, GroupState, IdpGroup, Instances, Manifest, Member,
    Parent, ProspectDecision, ProspectMatch, ProspectRule, SystemGroup, UserGroup, VersionAudience, Versions,
};
use crate::plan::{self, Plan, Request, Revision};
use crate::record::Earlier;
use crate::resolve::Failure;
use crate::state::{
    AssetDetail, GroupFlags, LiveAsset, LiveConnection, LiveGroup, LiveMapping, LiveMember, LivePortal, LiveProspect,
    LiveState,
};

/// The business group called `Finance`.
pub(crate) const FINANCE: &str = "0f1d9e2a-0000-4000-8000-000000000001";

/// How a portal's built-in groups stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Administrators, Guests and Members at the top.
    SideBySide,
    /// Guests holds Members, which holds the rest.
    Nested,
    /// One root is public and default, and holds the rest.
    OneRoot,
}

impl Shape {
    pub(crate) const ALL: [Self; 3] = [Self::SideBySide, Self::Nested, Self::OneRoot];

    /// The name of the group under which custom groups stand.
    pub(crate) fn home(self) -> Option<&'static str> {
        match self {
            Self::SideBySide => None,
            Self::Nested => Some("Members"),
            Self::OneRoot => Some("Everyone"),
        }
    }
}

pub(crate) const fn flags(letters: &str) -> GroupFlags {
    let mut flags = GroupFlags { is_admin: false, is_auto_generated: false, is_default: false, is_public: false };
    let letters = letters.as_bytes();
    let mut index = 0;
    while index < letters.len() {
        match letters[index] {
            b'a' => flags.is_admin = true,
            b'g' => flags.is_auto_generated = true,
            b'd' => flags.is_default = true,
            b'p' => flags.is_public = true,
            _ => panic!("one of a, g, d, p"),
        }
        index += 1;
    }
    flags
}

pub(crate) fn group_id(name: &str) -> GroupId {
    format!("g-{}", name.to_lowercase().replace(' ', "-")).into()
}

pub(crate) fn asset_key(coordinates: &str) -> AssetKey {
    let (group, asset) = coordinates.rsplit_once('/').expect("coordinates have a slash");
    AssetKey::new(group, asset)
}

/// A portal that holds nothing but its built-in groups.
pub(crate) fn portal(shape: Shape) -> LiveState {
    let state = LiveState {
        portal: LivePortal {
            organization: None,
            connection: LiveConnection {
                id: "conn-001".to_owned(),
                domain: Some("example.my.salesforce.com".to_owned()),
                environment: Some("PRODUCTION".to_owned()),
                organization_id: None,
                default_provider: Some("idp-self".into()),
            },
            name: "Developer Portal".to_owned(),
            id: "portal-1".to_owned(),
            target_portal_id: None,
            internal_portal_id: None,
            path_id: "portal-1".to_owned(),
            region: Some("us".to_owned()),
            emulator: false,
        },
        user_groups: Vec::new(),
        business_groups: Some(BTreeMap::from([(FINANCE.to_owned(), "Finance".to_owned())])),
        identity_providers: Some(BTreeMap::from([("idp-okta".into(), "Okta".to_owned())])),
        mappings: BTreeMap::new(),
        assets: Some(BTreeMap::new()),
        visible_to: BTreeMap::new(),
        members: Some(Vec::new()),
        prospects: Some(Vec::new()),
        pseudonyms: None,
    };
    match shape {
        Shape::SideBySide => {
            state.built_in("Administrators", None, "a").built_in("Guests", None, "p").built_in("Members", None, "d")
        }
        Shape::Nested => state.built_in("Administrators", None, "a").built_in("Guests", None, "p").built_in(
            "Members",
            Some("Guests"),
            "d",
        ),
        Shape::OneRoot => state.built_in("Everyone", None, "pd").built_in("Administrators", Some("Everyone"), "a"),
    }
}

impl LiveState {
    pub(crate) fn built_in(mut self, name: &str, parent: Option<&str>, letters: &str) -> Self {
        self.user_groups.push(LiveGroup {
            id: group_id(name),
            name: name.to_owned(),
            description: None,
            parent: parent.map(group_id),
            flags: flags(letters),
        });
        self.mappings.insert(group_id(name), Vec::new());
        self.visible_to.insert(group_id(name), BTreeSet::new());
        self
    }

    /// A custom group at the top of the tree.
    pub(crate) fn group(self, name: &str) -> Self {
        self.built_in(name, None, "")
    }

    pub(crate) fn child(self, name: &str, parent: &str) -> Self {
        self.built_in(name, Some(parent), "")
    }

    /// A second group of a name.
    pub(crate) fn group_of_id(mut self, name: &str, id: &str) -> Self {
        self = self.group(name);
        let last = self.user_groups.last_mut().expect("it was just added");
        last.id = id.into();
        self.mappings.insert(id.into(), Vec::new());
        self.visible_to.insert(id.into(), BTreeSet::new());
        self
    }

    pub(crate) fn mapping(mut self, group: &str, provider: &str, name: &str) -> Self {
        let row = LiveMapping { provider: provider.into(), group: name.to_owned(), is_maintainer: false };
        self.mappings.entry(group_id(group)).or_default().push(row);
        self
    }

    pub(crate) fn maintainer(mut self, group: &str, provider: &str, name: &str) -> Self {
        self = self.mapping(group, provider, name);
        let rows = self.mappings.get_mut(&group_id(group)).expect("it was just added");
        rows.last_mut().expect("it was just added").is_maintainer = true;
        self
    }

    /// A published asset with the groups that see its versions; `?` alone is an audience that the hub does not tell.
    pub(crate) fn asset(mut self, coordinates: &str, instances: Instances, versions: &[(&str, &[&str])]) -> Self {
        let key = asset_key(coordinates);
        let versions: BTreeMap<String, Option<BTreeSet<GroupId>>> = versions
            .iter()
            .map(|(version, groups)| {
                let groups = (*groups != ["?"]).then(|| groups.iter().map(|name| group_id(name)).collect());
                ((*version).to_owned(), groups)
            })
            .collect();
        for group in versions.values().flatten().flatten() {
            self.visible_to.entry(group.clone()).or_default().insert(key.clone());
        }
        let detail = AssetDetail { instances: Some(instances), versions };
        let asset = LiveAsset { name: coordinates.to_owned(), asset_type: "rest-api".to_owned(), detail: Some(detail) };
        self.assets.get_or_insert_default().insert(key, asset);
        self
    }

    pub(crate) fn member(mut self, name: &str, groups: &[&str]) -> Self {
        self.members.get_or_insert_default().push(LiveMember {
            id: format!("m-{name}").into(),
            username: Some(name.to_owned()),
            email: format!("{name}@example.com"),
            name: None,
            is_active: Some(true),
            user_groups: Some(groups.iter().map(|name| group_id(name)).collect()),
            provider: None,
            declared_as: None,
        });
        self
    }

    /// The member that was added last.
    pub(crate) fn but(mut self, change: impl FnOnce(&mut LiveMember)) -> Self {
        change(self.members.as_mut().and_then(|members| members.last_mut()).expect("a member was added"));
        self
    }

    pub(crate) fn prospect(mut self, name: &str, email: &str) -> Self {
        self.prospects.get_or_insert_default().push(LiveProspect {
            id: format!("p-{name}").into(),
            username: Some(name.to_owned()),
            email: email.to_owned(),
            name: None,
            declared_as: None,
        });
        self
    }
}

/// A place that is unlike every other, so that faults at different places are not taken for one.
pub(crate) fn here() -> Location {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = NEXT.fetch_add(1, Ordering::Relaxed);
    Location { file: 0, start, end: start }
}

pub(crate) fn at<T>(value: T) -> Located<T> {
    Located::new(value, here())
}

pub(crate) fn text(value: &str) -> Located<String> {
    at(value.to_owned())
}

pub(crate) fn reference(name: &str) -> Located<GroupReference> {
    let system = SystemGroup::ALL.into_iter().find(|system| system.as_str() == name);
    at(system.map_or_else(|| GroupReference::Named(name.to_owned()), GroupReference::System))
}

pub(crate) fn references(names: &[&str]) -> Vec<Located<GroupReference>> {
    names.iter().map(|name| reference(name)).collect()
}

pub(crate) fn audience(items: &[&str]) -> VersionAudience {
    let item = |item: &&str| match item.strip_prefix("audience:") {
        Some(name) => at(AudienceItem::Audience(name.to_owned())),
        None => at(AudienceItem::Group(reference(item).value)),
    };
    VersionAudience { location: here(), items: items.iter().map(item).collect() }
}

/// Audiences by version, `*` among them.
pub(crate) fn versions(versions: &[(&str, &[&str])]) -> Versions {
    let mut listed = Versions::default();
    for (version, items) in versions {
        if *version == "*" {
            listed.others = Some(audience(items));
        } else {
            listed.listed.insert((*version).to_owned(), audience(items));
        }
    }
    listed
}

/// A manifest that declares nothing.
pub(crate) fn manifest() -> Manifest {
    Manifest::bare("portal")
}

impl Manifest {
    pub(crate) fn group_but(mut self, name: &str, change: impl FnOnce(&mut UserGroup)) -> Self {
        let mut group = UserGroup {
            name: reference(name),
            parent: Parent::Unstated,
            description: None,
            formerly: Vec::new(),
            idp_groups: None,
            state: GroupState::Present,
            delegated: false,
        };
        change(&mut group);
        self.user_groups.get_or_insert_default().push(group);
        self
    }

    pub(crate) fn group(self, name: &str) -> Self {
        self.group_but(name, |_| {})
    }

    pub(crate) fn child(self, name: &str, parent: &str) -> Self {
        self.group_but(name, |group| group.parent = Parent::Nested(reference(parent)))
    }

    pub(crate) fn under(self, name: &str, parent: &str) -> Self {
        self.group_but(name, |group| group.parent = Parent::Stated(reference(parent)))
    }

    pub(crate) fn formerly(self, name: &str, names: &[&str]) -> Self {
        self.group_but(name, |group| group.formerly = names.iter().map(|name| text(name)).collect())
    }

    pub(crate) fn absent(self, name: &str) -> Self {
        self.group_but(name, |group| group.state = GroupState::Absent { disable_members: false })
    }

    pub(crate) fn offboarded(self, name: &str) -> Self {
        self.group_but(name, |group| group.state = GroupState::Absent { disable_members: true })
    }

    pub(crate) fn mapped(self, name: &str, groups: &[(&str, &str)]) -> Self {
        self.group_but(name, |declared| {
            let mapped =
                groups.iter().map(|(provider, group)| IdpGroup { provider: text(provider), group: text(group) });
            declared.idp_groups = Some(mapped.collect());
        })
    }

    pub(crate) fn provider(mut self, alias: &str, provider: &str) -> Self {
        self.identity_providers.insert(alias.to_owned(), text(provider));
        self
    }

    pub(crate) fn audience(mut self, name: &str, groups: &[&str]) -> Self {
        self.audiences
            .insert(name.to_owned(), Audience { location: here(), overrides: false, groups: references(groups) });
        self
    }

    pub(crate) fn asset_in(mut self, coordinates: &str, state: AssetState) -> Self {
        let (group, asset_id) = coordinates.rsplit_once('/').expect("coordinates have a slash");
        let asset = Asset { location: here(), group: group.to_owned(), asset_id: asset_id.to_owned(), state };
        self.assets.get_or_insert_default().push(asset);
        self
    }

    pub(crate) fn asset(self, coordinates: &str, listed: &[(&str, &[&str])]) -> Self {
        self.asset_in(coordinates, AssetState::Present { instances: None, versions: Some(versions(listed)) })
    }

    pub(crate) fn instances(self, coordinates: &str, instances: Instances) -> Self {
        self.asset_in(coordinates, AssetState::Present { instances: Some(at(instances)), versions: None })
    }

    pub(crate) fn member_but(mut self, user: &str, change: impl FnOnce(&mut Member)) -> Self {
        let mut member =
            Member { user: text(user), user_groups: None, enabled: None, approve: false, manage_federated: false };
        change(&mut member);
        self.members.get_or_insert_default().push(member);
        self
    }

    pub(crate) fn member(self, user: &str, groups: &[&str]) -> Self {
        self.member_but(user, |member| member.user_groups = Some(references(groups)))
    }

    pub(crate) fn disabled(self, user: &str) -> Self {
        self.member_but(user, |member| member.enabled = Some(at(false)))
    }

    /// A rule for one address, or for a domain if there is no `@`.
    fn rule(mut self, whom: &str, decision: ProspectDecision) -> Self {
        let whom = whom.to_owned();
        let matches = if whom.contains('@') { ProspectMatch::Email(whom) } else { ProspectMatch::EmailDomain(whom) };
        self.prospects.get_or_insert_default().push(ProspectRule { location: here(), matches, decision });
        self
    }

    pub(crate) fn approve(self, whom: &str, groups: &[&str]) -> Self {
        self.rule(whom, ProspectDecision::Approve { user_groups: references(groups) })
    }

    pub(crate) fn reject(self, whom: &str) -> Self {
        self.rule(whom, ProspectDecision::Reject)
    }

    pub(crate) fn prune_groups(mut self, pattern: &str) -> Self {
        self.prune.user_groups.push(text(pattern));
        self
    }

    pub(crate) fn prune_assets(mut self, pattern: &str) -> Self {
        self.prune.assets.push(text(pattern));
        self
    }
}

pub(crate) fn plan(manifest: &Manifest, live: &LiveState) -> Result<Plan, Failure> {
    plan::make(Request { show_unmanaged: true, ..Request::new(manifest, live) })
}

/// What a manifest was as of a revision.
pub(crate) fn earlier(name: &str, manifest: Manifest) -> Earlier {
    let revision = Revision { name: name.to_owned(), commit: "0123456789".repeat(4).into() };
    Earlier { revision, manifests: vec![manifest] }
}

/// What came of planning, one line for each change, notice and fault.
pub(crate) fn planned(manifest: &Manifest, live: &LiveState) -> String {
    planned_for(Request::new(manifest, live))
}

/// The same with a record of what was applied last, as `last`.
pub(crate) fn planned_since(applied: &Manifest, manifest: &Manifest, live: &LiveState) -> String {
    let applied = earlier("last", applied.clone());
    planned_for(Request { applied: Some(&applied), ..Request::new(manifest, live) })
}

pub(crate) fn planned_for(request: Request<'_>) -> String {
    let result = plan::make(request);
    let mut out = String::new();
    match result {
        Ok(plan) => {
            write_changes(&mut out, &plan);
            for held in &plan.held {
                let address = held.address.to_string();
                let address = address.strip_prefix("portal/").unwrap_or(&address);
                let path = held.path.as_deref().unwrap_or("whole");
                let groups: Vec<&str> = held.groups.iter().map(GroupName::as_str).collect();
                let groups = groups.join(", ");
                writeln!(out, "held {address} {path}: {} → {} for {groups}", held.before, held.after)
                    .expect("a string takes all");
            }
            for waiting in &plan.waiting {
                writeln!(out, "waiting: {}: {}", waiting.user, waiting.message).expect("a string takes all");
            }
            for notice in &plan.notices {
                writeln!(out, "{:?}: {}", notice.level, notice.message).expect("a string takes all");
            }
        }
        Err(failure) => {
            for (kind, diagnostics) in [("fault", &failure.faults), ("refused", &failure.refusals)] {
                for diagnostic in diagnostics {
                    writeln!(out, "{kind}: {}: {}", diagnostic.code, diagnostic.message).expect("a string takes all");
                    if let Some(help) = &diagnostic.help {
                        writeln!(out, "  hint: {help}").expect("a string takes all");
                    }
                }
            }
        }
    }
    if out.is_empty() { "no changes\n".to_owned() } else { out }
}

fn write_changes(out: &mut String, plan: &Plan) {
    for change in &plan.changes {
        let address = change.address.to_string();
        let address = address.strip_prefix("portal/").unwrap_or(&address);
        let action = serde_json::to_value(change.action()).expect("an action is a word");
        let action = action.as_str().expect("an action is a word");
        write!(out, "{} {} {action} {address}", u8::from(change.phase), change.id).expect("a string takes all");
        if !change.depends_on.is_empty() {
            let ids: Vec<&str> = change.depends_on.iter().map(ChangeId::as_str).collect();
            write!(out, " after {}", ids.join(",")).expect("a string takes all");
        }
        if let Some(reason) = &change.reason {
            write!(out, " ({reason})").expect("a string takes all");
        }
        if let Some(origin) = change.origin {
            write!(out, " [{}]", origin.as_str()).expect("a string takes all");
        }
        out.push('\n');
        for field in &change.fields {
            write!(out, "    {}: {} → {}", field.path, field.before, field.after).expect("a string takes all");
            if let Some(cause) = &field.cause {
                write!(out, " [{cause}]").expect("a string takes all");
            }
            if let Some(origin) = field.origin.filter(|_| field.origin != change.origin) {
                write!(out, " [{}]", origin.as_str()).expect("a string takes all");
            }
            out.push('\n');
        }
    }
}
