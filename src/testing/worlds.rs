//! Small random portals with random wishes, as data that says nothing about how a plan is made.
//!
//! Groups are numbers; sets of groups and people's identity provider groups are bits. [`World::live`] and
//! [`World::manifest`] spell them out.

use proptest::prelude::*;

use super::{Shape, at, manifest, portal, references, text, versions};
use crate::manifest::model::{AssetState, GroupState, IdpGroup, Instances, Manifest, Parent, VersionAudience};
use crate::state::LiveState;

/// A set of groups: the custom ones by their numbers, then the built-ins.
pub(crate) type Set = u8;

/// The most custom groups of a world.
pub(crate) const GROUPS: usize = 4;
pub(crate) const ADMINISTRATORS: usize = GROUPS;
pub(crate) const GUESTS: usize = GROUPS + 1;
pub(crate) const MEMBERS: usize = GROUPS + 2;
/// How many there are with the built-ins.
pub(crate) const ALL_GROUPS: usize = GROUPS + 3;

/// The groups of an identity provider that people are in and groups are mapped to.
pub(crate) const IDP_GROUPS: [&str; 2] = ["x", "y"];
pub(crate) const VERSIONS: [&str; 2] = ["v1", "v2"];

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) shape: Shape,
    pub(crate) groups: Vec<Group>,
    pub(crate) people: Vec<Person>,
    pub(crate) assets: Vec<Asset>,
    /// Groups that nothing declares go if nothing holds them.
    pub(crate) prunes: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// A group of a lower number.
    pub(crate) parent: Option<usize>,
    pub(crate) fate: Fate,
    /// Identity provider groups that are mapped to the group before.
    pub(crate) mapped: u8,
    /// And after, if the manifest says.
    pub(crate) wants_mapped: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Undeclared,
    Stays,
    Renamed,
    New,
    Goes { disables: bool },
}

#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) standing: Standing,
    pub(crate) groups: Set,
    /// The identity provider groups that the person is in.
    pub(crate) idp: u8,
    pub(crate) is_declared: bool,
    pub(crate) wants_groups: Option<Set>,
    pub(crate) wants_enabled: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Active,
    Disabled,
    Pending,
}

#[derive(Debug, Clone)]
pub(crate) struct Asset {
    pub(crate) before: Option<Published>,
    pub(crate) wish: Wish,
}

#[derive(Debug, Clone)]
pub(crate) struct Published {
    pub(crate) instances: Instances,
    /// The hub does not tell which instances are shown.
    pub(crate) hides_instances: bool,
    /// The audiences of [`VERSIONS`], and whether the hub tells them.
    pub(crate) versions: [Option<(Set, bool)>; 2],
}

#[derive(Debug, Clone)]
pub(crate) enum Wish {
    None,
    Absent,
    Present { instances: Option<Instances>, versions: [Option<Set>; 2], others: Option<Set> },
}

impl World {
    /// The name that the group has before.
    pub(crate) fn old_name(&self, group: usize) -> String {
        match group {
            ADMINISTRATORS => "Administrators".to_owned(),
            GUESTS | MEMBERS if self.shape == Shape::OneRoot => "Everyone".to_owned(),
            GUESTS => "Guests".to_owned(),
            MEMBERS => "Members".to_owned(),
            custom if self.groups[custom].fate == Fate::Renamed => format!("Old {custom}"),
            custom => format!("Group {custom}"),
        }
    }

    /// How the manifest names the group.
    pub(crate) fn new_name(&self, group: usize) -> String {
        match group {
            ADMINISTRATORS => "system:administrators".to_owned(),
            GUESTS => "system:guests".to_owned(),
            MEMBERS if self.shape == Shape::OneRoot => "system:guests".to_owned(),
            MEMBERS => "system:members".to_owned(),
            custom => format!("Group {custom}"),
        }
    }

    pub(crate) fn was(&self, group: usize) -> bool {
        group >= GROUPS || (group < self.groups.len() && self.groups[group].fate != Fate::New)
    }

    pub(crate) fn may_be(&self, group: usize) -> bool {
        group >= GROUPS || (group < self.groups.len() && !matches!(self.groups[group].fate, Fate::Goes { .. }))
    }

    fn old_names(&self, set: Set) -> Vec<String> {
        (0..ALL_GROUPS)
            .filter(|group| set >> group & 1 == 1 && self.was(*group))
            .map(|group| self.old_name(group))
            .collect()
    }

    fn new_names(&self, set: Set) -> Vec<String> {
        (0..ALL_GROUPS)
            .filter(|group| set >> group & 1 == 1 && self.may_be(*group))
            .map(|group| self.new_name(group))
            .collect()
    }

    /// The world in which everything is wished as it is.
    pub(crate) fn contented(mut self) -> Self {
        for group in &mut self.groups {
            group.fate = Fate::Stays;
            group.wants_mapped = Some(group.mapped);
        }
        for person in &mut self.people {
            person.is_declared = person.standing != Standing::Pending;
            person.wants_groups = Some(person.groups);
            person.wants_enabled = Some(person.standing == Standing::Active);
        }
        for asset in &mut self.assets {
            asset.wish = asset.before.as_ref().map_or(Wish::None, |before| Wish::Present {
                instances: (!before.hides_instances).then_some(before.instances),
                versions: before.versions.map(|told| told.filter(|(_, is_told)| *is_told).map(|(set, _)| set)),
                others: None,
            });
        }
        self
    }

    pub(crate) fn live(&self) -> LiveState {
        let mut live = portal(self.shape);
        for (number, group) in self.groups.iter().enumerate().filter(|(number, _)| self.was(*number)) {
            let name = self.old_name(number);
            live = match (group.parent.map(|parent| self.old_name(parent)), self.shape.home()) {
                (Some(parent), _) => live.child(&name, &parent),
                (None, Some(home)) => live.child(&name, home),
                (None, None) => live.group(&name),
            };
            for (bit, idp_group) in IDP_GROUPS.iter().enumerate() {
                if group.mapped >> bit & 1 == 1 {
                    live = live.mapping(&name, "idp-okta", idp_group);
                }
            }
        }
        for (number, person) in self.people.iter().enumerate() {
            let name = format!("person{number}");
            if person.standing == Standing::Pending {
                live = live.prospect(&name, &format!("{name}@example.com"));
                continue;
            }
            let groups = self.old_names(person.groups);
            live = live.member(&name, &groups.iter().map(String::as_str).collect::<Vec<_>>()).but(|member| {
                member.is_active = Some(person.standing == Standing::Active);
                member.provider = (person.idp != 0).then(|| "idp-okta".into());
            });
        }
        for (number, asset) in self.assets.iter().enumerate() {
            let Some(before) = &asset.before else { continue };
            live = self.published(live, number, before);
        }
        live
    }

    fn published(&self, live: LiveState, number: usize, before: &Published) -> LiveState {
        let coordinates = format!("com.example/asset{number}");
        let audiences: Vec<(&str, Vec<String>)> = VERSIONS
            .into_iter()
            .zip(before.versions)
            .filter_map(|(version, audience)| Some((version, self.old_names(audience?.0))))
            .collect();
        let names: Vec<(&str, Vec<&str>)> =
            audiences.iter().map(|(version, names)| (*version, names.iter().map(String::as_str).collect())).collect();
        let shown: Vec<(&str, &[&str])> = names.iter().map(|(version, names)| (*version, names.as_slice())).collect();
        let mut live = live.asset(&coordinates, before.instances, &shown);
        let detail = live.assets.as_mut().and_then(|assets| assets.get_mut(&super::asset_key(&coordinates)));
        let detail = detail.and_then(|asset| asset.detail.as_mut()).expect("it was just added");
        if before.hides_instances {
            detail.instances = None;
        }
        for (version, audience) in VERSIONS.into_iter().zip(before.versions) {
            if let Some((_, false)) = audience {
                detail.versions.insert(version.to_owned(), None);
            }
        }
        live
    }

    pub(crate) fn manifest(&self) -> Manifest {
        let mut wanted = manifest();
        for (number, group) in self.groups.iter().enumerate().filter(|(_, group)| group.fate != Fate::Undeclared) {
            wanted = wanted.group_but(&self.new_name(number), |declared| {
                if let Some(parent) = group.parent {
                    declared.parent = Parent::Stated(super::reference(&self.new_name(parent)));
                }
                match group.fate {
                    Fate::Goes { disables } => declared.state = GroupState::Absent { disable_members: disables },
                    Fate::Renamed => declared.formerly = vec![text(&self.old_name(number))],
                    Fate::Undeclared | Fate::Stays | Fate::New => {}
                }
                declared.idp_groups = group.wants_mapped.map(|bits| {
                    let wanted = IDP_GROUPS.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
                    wanted.map(|(_, name)| IdpGroup { provider: text("Okta"), group: text(name) }).collect()
                });
            });
        }
        for (number, person) in self.people.iter().enumerate().filter(|(_, person)| person.is_declared) {
            let groups = person.wants_groups.map(|set| self.new_names(set));
            let groups = groups.as_ref().map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
            wanted = wanted.member_but(&format!("person{number}"), |member| {
                member.approve = true;
                member.manage_federated = true;
                member.user_groups = groups.as_deref().map(references);
                member.enabled = person.wants_enabled.map(at);
            });
        }
        for (number, asset) in self.assets.iter().enumerate() {
            let coordinates = format!("com.example/asset{number}");
            match &asset.wish {
                Wish::None => {}
                Wish::Absent => wanted = wanted.asset_in(&coordinates, AssetState::Absent),
                Wish::Present { instances, versions: listed, others } => {
                    let mut audiences = versions(&[]);
                    for (version, set) in VERSIONS.into_iter().zip(listed) {
                        if let Some(set) = set {
                            audiences.listed.insert(version.to_owned(), self.audience(*set));
                        }
                    }
                    audiences.others = others.map(|set| self.audience(set));
                    let instances = instances.map(at);
                    wanted =
                        wanted.asset_in(&coordinates, AssetState::Present { instances, versions: Some(audiences) });
                }
            }
        }
        if self.prunes { wanted.prune_groups("*") } else { wanted }
    }

    fn audience(&self, set: Set) -> VersionAudience {
        let names = self.new_names(set);
        super::audience(&names.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// Any small world.
pub(crate) fn world() -> impl Strategy<Value = World> {
    let groups = prop::collection::vec(group(), 2..=GROUPS);
    let people = prop::collection::vec(person(), 1..=3);
    let assets = prop::collection::vec(asset(), 1..=3);
    (prop::sample::select(Shape::ALL.to_vec()), groups, people, assets, prop::bool::weighted(0.2)).prop_map(
        |(shape, mut groups, mut people, assets, prunes)| {
            for number in 0..groups.len() {
                groups[number].parent = groups[number].parent.filter(|_| number > 0).map(|parent| parent % number);
                // Under a group that is new or goes, everything is new or goes.
                if let Some(parent) = groups[number].parent {
                    let above = groups[parent].fate;
                    if matches!(above, Fate::New | Fate::Goes { .. }) {
                        groups[number].fate = above;
                    }
                }
            }
            for person in &mut people {
                if person.standing == Standing::Pending {
                    person.idp = 0;
                }
                // Whoever has signed in is in the groups that their identity provider brings along.
                for (number, group) in groups.iter().enumerate() {
                    person.groups |= u8::from(group.mapped & person.idp != 0) << number;
                }
            }
            World { shape, groups, people, assets, prunes }
        },
    )
}

fn group() -> impl Strategy<Value = Group> {
    let fate = prop_oneof![
        1 => Just(Fate::Undeclared),
        3 => Just(Fate::Stays),
        1 => Just(Fate::Renamed),
        1 => Just(Fate::New),
        1 => any::<bool>().prop_map(|disables| Fate::Goes { disables }),
    ];
    let bits = 0..1u8 << IDP_GROUPS.len();
    (prop::option::of(0..GROUPS), fate, bits.clone(), prop::option::of(bits))
        .prop_map(|(parent, fate, mapped, wants_mapped)| Group { parent, fate, mapped, wants_mapped })
}

fn set() -> impl Strategy<Value = Set> {
    // Small sets are the interesting ones.
    prop_oneof![
        1 => Just(0),
        4 => (0..ALL_GROUPS).prop_map(|group| 1 << group),
        3 => (0..GROUPS, 0..ALL_GROUPS).prop_map(|(a, b)| 1 << a | 1 << b),
        1 => 0..1u8 << ALL_GROUPS,
    ]
}

fn person() -> impl Strategy<Value = Person> {
    let standing = prop_oneof![
        3 => Just(Standing::Active),
        1 => Just(Standing::Disabled),
        1 => Just(Standing::Pending),
    ];
    let enabled = prop::option::weighted(0.3, any::<bool>());
    let idp = prop_oneof![2 => Just(0), 1 => 0..1u8 << IDP_GROUPS.len()];
    (standing, set(), idp, prop::bool::weighted(0.8), prop::option::weighted(0.8, set()), enabled).prop_map(
        |(standing, groups, idp, is_declared, wants_groups, wants_enabled)| Person {
            standing,
            groups,
            idp,
            is_declared,
            wants_groups,
            wants_enabled,
        },
    )
}

fn instances() -> impl Strategy<Value = Instances> {
    prop::sample::select(vec![Instances::All, Instances::Public, Instances::Custom])
}

fn asset() -> impl Strategy<Value = Asset> {
    let tells = || prop::bool::weighted(0.9);
    let first = (set(), tells()).prop_map(Some);
    let second = prop::option::of((set(), tells()));
    let published = (instances(), prop::bool::weighted(0.1), first, second).prop_map(
        |(instances, hides_instances, first, second)| Published {
            instances,
            hides_instances,
            versions: [first, second],
        },
    );
    let present = (
        prop::option::of(instances()),
        prop::option::weighted(0.8, set()),
        prop::option::of(set()),
        prop::option::of(set()),
    )
        .prop_map(|(instances, first, second, others)| Wish::Present {
            instances,
            versions: [first, second],
            others,
        });
    let wish = prop_oneof![1 => Just(Wish::None), 1 => Just(Wish::Absent), 8 => present];
    (prop::option::weighted(0.85, published), wish).prop_map(|(mut before, mut wish)| {
        if let Wish::Present { instances, .. } = &mut wish {
            // `Custom` cannot be entered.
            let is_custom =
                before.as_ref().is_some_and(|before| before.instances == Instances::Custom && !before.hides_instances);
            if *instances == Some(Instances::Custom) && !is_custom {
                *instances = None;
            }
        }
        // What is neither known nor declared cannot be closed while its instances change to others.
        if let (Some(before), Wish::Present { instances: Some(wanted), .. }) = (&mut before, &wish)
            && (before.hides_instances || (before.instances == Instances::Custom && *wanted == Instances::Public))
        {
            before.versions = before.versions.map(|told| told.map(|(set, _)| (set, true)));
        }
        Asset { before, wish }
    })
}
