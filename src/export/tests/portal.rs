//! Live states made by hand.

use std::collections::BTreeMap;

use crate::id::AssetKey;
use crate::manifest::model::Instances;
use crate::state::{
    AssetDetail, GroupFlags, LiveAsset, LiveConnection, LiveGroup, LiveMapping, LiveMember, LivePortal, LiveProspect,
    LiveState, Named,
};

/// The documented shapes of the built-in groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `admins`, `guests` and `members` at the top.
    SideBySide,
    /// `guests` holds `members`, which holds the rest.
    Nested,
    /// `everyone` is public and default, and holds the rest.
    OneRoot,
}

impl Shape {
    pub(super) const ALL: [Self; 3] = [Self::SideBySide, Self::Nested, Self::OneRoot];

    /// The built-in that holds the rest.
    pub(super) const fn holder(self) -> Option<&'static str> {
        match self {
            Self::SideBySide => None,
            Self::Nested => Some("members"),
            Self::OneRoot => Some("everyone"),
        }
    }
}

pub(super) const ADMIN: GroupFlags =
    GroupFlags { is_admin: true, is_auto_generated: true, is_default: false, is_public: false };
pub(super) const PUBLIC: GroupFlags =
    GroupFlags { is_admin: false, is_auto_generated: true, is_default: false, is_public: true };
pub(super) const DEFAULT: GroupFlags =
    GroupFlags { is_admin: false, is_auto_generated: true, is_default: true, is_public: false };
const PUBLIC_AND_DEFAULT: GroupFlags = GroupFlags { is_public: true, ..DEFAULT };

/// A live state, and where groups without a parent are put.
#[derive(Debug, Clone)]
pub(super) struct Portal {
    pub(super) live: LiveState,
    shape: Shape,
}

impl Portal {
    pub(super) fn new(shape: Shape) -> Self {
        let live = LiveState {
            portal: LivePortal {
                organization: Some(Named { id: "org".to_owned(), name: "Example Corp".to_owned() }),
                connection: LiveConnection {
                    id: "conn-001".to_owned(),
                    domain: Some("example.my.salesforce.com".to_owned()),
                    environment: Some("PRODUCTION".to_owned()),
                    organization_id: None,
                    default_provider: Some("p-self".into()),
                },
                name: "Developer Portal".to_owned(),
                id: "portal-1".to_owned(),
                target_portal_id: Some("0DB000000000001".to_owned()),
                internal_portal_id: None,
                path_id: "0DB000000000001".to_owned(),
                region: Some("us".to_owned()),
                emulator: false,
            },
            user_groups: Vec::new(),
            business_groups: Some(BTreeMap::new()),
            identity_providers: Some(BTreeMap::new()),
            mappings: BTreeMap::new(),
            assets: Some(BTreeMap::new()),
            visible_to: BTreeMap::new(),
            members: Some(Vec::new()),
            prospects: Some(Vec::new()),
            pseudonyms: None,
        };
        let mut portal = Self { live, shape };
        portal.built_in("admins", "Administrators", None, ADMIN);
        match shape {
            Shape::SideBySide => {
                portal.built_in("guests", "Guests", None, PUBLIC);
                portal.built_in("members", "Members", None, DEFAULT);
            }
            Shape::Nested => {
                portal.built_in("guests", "Guests", None, PUBLIC);
                portal.built_in("members", "Members", Some("guests"), DEFAULT);
            }
            Shape::OneRoot => portal.built_in("everyone", "Everyone", None, PUBLIC_AND_DEFAULT),
        }
        portal
    }

    pub(super) fn built_in(&mut self, id: &str, name: &str, parent: Option<&str>, flags: GroupFlags) {
        self.add(LiveGroup {
            id: id.into(),
            name: name.to_owned(),
            description: Some("made by the hub".to_owned()),
            parent: parent.map(Into::into),
            flags,
        });
    }

    /// A group under a parent, or where the shape has groups that state none.
    pub(super) fn group(&mut self, id: &str, name: &str, parent: Option<&str>) -> &mut Self {
        let parent = parent.or(self.shape.holder());
        self.group_at(id, name, parent)
    }

    pub(super) fn group_at(&mut self, id: &str, name: &str, parent: Option<&str>) -> &mut Self {
        self.add(LiveGroup {
            id: id.into(),
            name: name.to_owned(),
            description: None,
            parent: parent.map(Into::into),
            flags: GroupFlags::default(),
        });
        self
    }

    fn add(&mut self, group: LiveGroup) {
        self.live.mappings.insert(group.id.clone(), Vec::new());
        self.live.user_groups.push(group);
    }

    /// Describes the group that was added last.
    pub(super) fn describe(&mut self, text: &str) -> &mut Self {
        self.last_group().description = Some(text.to_owned());
        self
    }

    /// Maps the group that was added last.
    pub(super) fn map(&mut self, provider: &str, group: &str) -> &mut Self {
        let id = self.last_group().id.clone();
        self.map_group(id.as_str(), provider, group, false);
        self
    }

    pub(super) fn map_group(&mut self, id: &str, provider: &str, group: &str, is_maintainer: bool) {
        let row = LiveMapping { provider: provider.into(), group: group.to_owned(), is_maintainer };
        self.live.mappings.entry(id.into()).or_default().push(row);
    }

    pub(super) fn last_group(&mut self) -> &mut LiveGroup {
        self.live.user_groups.last_mut().expect("every portal has built-in groups")
    }

    pub(super) fn provider(&mut self, id: &str, name: &str) -> &mut Self {
        self.live.identity_providers.get_or_insert_default().insert(id.into(), name.to_owned());
        self
    }

    pub(super) fn business_group(&mut self, id: &str, name: &str) -> &mut Self {
        self.live.business_groups.get_or_insert_default().insert(id.to_owned(), name.to_owned());
        self
    }

    pub(super) fn asset(&mut self, group: &str, asset: &str, instances: Instances, versions: &[(&str, &[&str])]) {
        let versions = versions
            .iter()
            .map(|(version, groups)| ((*version).to_owned(), Some(groups.iter().copied().map(Into::into).collect())))
            .collect();
        self.asset_with(group, asset, AssetDetail { instances: Some(instances), versions });
    }

    pub(super) fn asset_with(&mut self, group: &str, asset: &str, detail: AssetDetail) {
        let asset_type = "rest-api".to_owned();
        let live = LiveAsset { name: asset.to_owned(), asset_type, detail: Some(detail) };
        self.live.assets.get_or_insert_default().insert(AssetKey::new(group, asset), live);
    }

    pub(super) fn member(&mut self, id: &str, username: &str, email: &str, groups: &[&str]) -> &mut Self {
        self.live.members.get_or_insert_default().push(LiveMember {
            id: id.into(),
            username: Some(username.to_owned()),
            email: email.to_owned(),
            name: None,
            is_active: Some(true),
            user_groups: Some(groups.iter().copied().map(Into::into).collect()),
            provider: None,
            declared_as: None,
        });
        self
    }

    /// The member who was added last.
    pub(super) fn last_member(&mut self) -> &mut LiveMember {
        self.live.members.as_mut().and_then(|members| members.last_mut()).expect("a member was added")
    }

    pub(super) fn disable(&mut self) {
        self.last_member().is_active = Some(false);
    }

    pub(super) fn prospect(&mut self, id: &str, email: &str) -> &mut Self {
        self.live.prospects.get_or_insert_default().push(LiveProspect {
            id: id.into(),
            username: Some(email.to_owned()),
            email: email.to_owned(),
            name: Some("Eve".to_owned()),
            declared_as: None,
        });
        self
    }

    /// The sign-up that was added last.
    pub(super) fn last_prospect(&mut self) -> &mut LiveProspect {
        self.live.prospects.as_mut().and_then(|prospects| prospects.last_mut()).expect("a sign-up was added")
    }
}
