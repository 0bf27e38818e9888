//! Which assets are published, which versions they have, and who is to see them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Going, Resolver, covers};
use crate::address::Kind;
use crate::diagnostic::{Diagnostic, Located, Location, nearest};
use crate::id::{AssetKey, GroupName};
use crate::kinds::GroupSet;
use crate::kinds::assets::spec::{AssetSpec, OTHER_VERSIONS, canonical_version, wire_version};
use crate::manifest::model::{Asset, AssetState, AudienceItem, Instances, VersionAudience, Versions, is_uuid};
use crate::plan::Unmanaged;
use crate::state::{AssetDetail, AudienceCause, DesiredAsset, DesiredVisibility, LiveAsset};

impl<'a> Resolver<'a> {
    /// Resolves every declared audience once, used or not: a name that is not there is a fault in either case.
    pub(super) fn audiences(&mut self) {
        let manifest = self.manifest;
        for (name, audience) in &manifest.audiences {
            let groups = self.references(&audience.groups);
            self.audiences.insert(name, groups);
        }
    }

    pub(super) fn assets(&mut self) {
        let live = self.live;
        let declared: &'a [Asset] = self.manifest.assets.as_deref().unwrap_or_default();
        self.administrators = self.directory.flagged(|flags| flags.is_admin);
        let needed = self.manifest.assets.is_some() || !self.manifest.prune.assets.is_empty();
        let mut places: BTreeMap<AssetKey, Location> = BTreeMap::new();
        if needed && live.assets.is_none() {
            self.not_read(declared.first().map(|asset| asset.location), "the list of assets");
            return;
        }
        self.guarded_assets();
        for asset in declared {
            let Some(key) = self.asset_key(asset) else { continue };
            if let Some(first) = places.insert(key.clone(), asset.location) {
                self.fault(
                    Diagnostic::error(
                        "duplicate-asset",
                        asset.location,
                        format!("`{}` is declared twice: both are {key}", asset.coordinates()),
                    )
                    .with_related(first, "declared first here"),
                );
                continue;
            }
            self.declared_asset(asset, key);
        }
        self.note_interrupted();
        self.recorded_assets(&places);
        self.pruned_assets(&places);
        self.assets_of_going();
        if let Some(assets) = &live.assets {
            let addresses: Vec<_> = assets
                .keys()
                .filter(|key| !places.contains_key(*key) && !self.desired.assets.contains_key(*key))
                .map(|key| self.address(Kind::Assets, [&key.group_id, &key.asset_id]))
                .collect();
            self.unmanaged.insert(Kind::Assets, Unmanaged { count: addresses.len(), addresses });
        }
    }

    /// What is guarded by a business group's name would not be without the names.
    fn guarded_assets(&mut self) {
        let pattern = self.manifest.guards.asset_patterns().next();
        if let (Some(pattern), Some(_), None) = (pattern, &self.live.assets, &self.live.business_groups) {
            self.not_read(pattern.location, "the list of business groups");
        }
    }

    /// Coordinates with the id of a business group in place of its name.
    fn asset_key(&mut self, asset: &Asset) -> Option<AssetKey> {
        if is_uuid(&asset.group) {
            return Some(AssetKey::new(asset.group.as_str(), asset.asset_id.as_str()));
        }
        let Some(business_groups) = &self.live.business_groups else {
            self.not_read(asset.location, "the list of business groups");
            return None;
        };
        let named: Vec<&String> =
            business_groups.iter().filter(|(_, name)| **name == asset.group).map(|(id, _)| id).collect();
        match named.as_slice() {
            [id] => Some(AssetKey::new(id.as_str(), asset.asset_id.as_str())),
            [] => {
                let is_live = self.live.assets.iter().flatten().any(|(key, _)| *key.group_id == *asset.group);
                // A business group's name with a typo must not become coordinates of something else.
                if is_live || business_groups.contains_key(&asset.group) || is_exchange_group(&asset.group) {
                    return Some(AssetKey::new(asset.group.as_str(), asset.asset_id.as_str()));
                }
                let fault = Diagnostic::error(
                    "unknown-business-group",
                    asset.location,
                    format!("there is no business group `{}`", asset.group),
                );
                let help = match nearest(&asset.group, business_groups.values().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write a business group's name or id, or an Exchange group like `com.example`".to_owned(),
                };
                self.fault(fault.with_help(help));
                None
            }
            several => {
                let ids = several.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ");
                self.fault(
                    Diagnostic::error(
                        "ambiguous-business-group",
                        asset.location,
                        format!("several business groups are named `{}`: {ids}", asset.group),
                    )
                    .with_help("use one of the ids"),
                );
                None
            }
        }
    }

    fn declared_asset(&mut self, asset: &'a Asset, key: AssetKey) {
        let live = self.live.assets.as_ref().and_then(|assets| assets.get(&key));
        if matches!(asset.state, AssetState::Present { .. }) {
            self.declared_assets.insert(key.clone());
        }
        match (&asset.state, live) {
            (AssetState::Unmanaged, _) | (AssetState::Absent, None) => {}
            (AssetState::Absent, Some(_)) => {
                if self.detail(&key, asset.location).is_some() {
                    self.desired.assets.insert(key, DesiredAsset::Gone { reason: "state: absent".to_owned() });
                }
            }
            (AssetState::Present { instances, versions }, Some(_)) => {
                let Some(detail) = self.detail(&key, asset.location) else { return };
                let mut spec = AssetSpec::of_live(detail, &self.directory);
                self.drop_going(&mut spec);
                let before = spec.clone();
                self.kept_instances(asset, instances.as_ref(), &mut spec);
                let mut causes = BTreeMap::new();
                let mut reason = None;
                if let Some(versions) = versions {
                    let listed = self.published_versions(asset, versions, &mut spec, &mut causes);
                    if versions.others.is_none() {
                        reason = self.finish_publication(&key, &listed, &before, &mut spec);
                    }
                }
                let visibility = DesiredVisibility { spec, causes, reason };
                self.desired.assets.insert(key, DesiredAsset::Present(visibility));
            }
            (AssetState::Present { instances, versions }, None) => {
                if let Some(visibility) = self.new_asset(asset, instances.as_ref(), versions.as_ref()) {
                    self.desired.assets.insert(key, DesiredAsset::Present(visibility));
                }
            }
        }
    }

    fn kept_instances(&mut self, asset: &Asset, wanted: Option<&Located<Instances>>, spec: &mut AssetSpec) {
        let Some(wanted) = wanted else { return };
        if wanted.value == Instances::Custom && spec.instances != Some(Instances::Custom) {
            self.fault(custom_entered(asset, wanted.location));
            return;
        }
        spec.instances = Some(wanted.value);
    }

    fn new_asset(
        &mut self,
        asset: &Asset,
        instances: Option<&Located<Instances>>,
        versions: Option<&Versions>,
    ) -> Option<DesiredVisibility> {
        let Some(versions) = versions else {
            self.fault(
                Diagnostic::error(
                    "versions-needed",
                    asset.location,
                    format!(
                        "`{}` is not published yet, and nothing says who may see its versions",
                        asset.coordinates()
                    ),
                )
                .with_help(
                    "give it `versions` (`\"*\": [API Developers]`, or `\"*\": []` for nobody), here or in `defaults`",
                ),
            );
            return None;
        };
        if let Some(wanted) = instances.filter(|wanted| wanted.value == Instances::Custom) {
            self.fault(custom_entered(asset, wanted.location));
        }
        let mut spec = AssetSpec { instances: instances.map(|instances| instances.value), versions: BTreeMap::new() };
        let mut causes = BTreeMap::new();
        let mut listed = BTreeMap::new();
        for (version, audience) in &versions.listed {
            let name = wire_version(version);
            if let Some(first) = listed.insert(canonical_version(version), audience.location) {
                self.listed_twice(asset, version, audience, first);
                continue;
            }
            self.put(&mut spec, &mut causes, name, audience);
        }
        match &versions.others {
            Some(audience) => self.put(&mut spec, &mut causes, OTHER_VERSIONS.to_owned(), audience),
            None => {
                spec.versions.insert(OTHER_VERSIONS.to_owned(), Some(GroupSet::new()));
            }
        }
        Some(DesiredVisibility { spec, causes, reason: None })
    }

    /// Returns the versions that are listed, as the portal spells them.
    fn published_versions(
        &mut self,
        asset: &Asset,
        versions: &Versions,
        spec: &mut AssetSpec,
        causes: &mut BTreeMap<String, AudienceCause>,
    ) -> BTreeSet<String> {
        let mut spellings: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for version in spec.versions.keys() {
            spellings.entry(canonical_version(version)).or_default().push(version.clone());
        }
        let mut listed = BTreeMap::new();
        for (version, audience) in &versions.listed {
            let name = match spellings.get(&canonical_version(version)).map(Vec::as_slice) {
                Some(live) if live.contains(version) => version.clone(),
                Some([one]) => one.clone(),
                Some(several) if several.len() > 1 => {
                    self.fault(
                        Diagnostic::error(
                            "ambiguous-version",
                            audience.location,
                            format!("`{version}` of `{}` could be any of {}", asset.coordinates(), several.join(", ")),
                        )
                        .with_help("write the version as the portal spells it"),
                    );
                    continue;
                }
                _ => wire_version(version),
            };
            if let Some(first) = listed.insert(name.clone(), audience.location) {
                self.listed_twice(asset, version, audience, first);
                continue;
            }
            self.put(spec, causes, name, audience);
        }
        if let Some(audience) = &versions.others {
            // What it names counts as named, also where every version is listed.
            self.audience(audience);
            let others: Vec<String> =
                spec.versions.keys().filter(|version| !listed.contains_key(*version)).cloned().collect();
            for version in others {
                self.put(spec, causes, version, audience);
            }
        }
        listed.into_keys().collect()
    }

    fn listed_twice(&mut self, asset: &Asset, version: &str, audience: &VersionAudience, first: Location) {
        self.fault(
            Diagnostic::error(
                "duplicate-version",
                audience.location,
                format!("`{version}` of `{}` is listed twice, in different spellings", asset.coordinates()),
            )
            .with_related(first, "listed first here"),
        );
    }

    /// Sets a version's audience; the administrators of an audience that has them are kept.
    fn put(
        &mut self,
        spec: &mut AssetSpec,
        causes: &mut BTreeMap<String, AudienceCause>,
        version: String,
        audience: &VersionAudience,
    ) {
        let items = self.audience(audience);
        let mut groups: GroupSet = items.iter().flat_map(|(_, groups)| groups).cloned().collect();
        let cause = audience_cause(&items, &groups);
        if let Some(Some(live)) = spec.versions.get(&version) {
            groups.extend(self.administrators.intersection(live).cloned());
        }
        let groups = Some(groups);
        if spec.versions.get(&version) == Some(&groups) {
            return;
        }
        if let Some(cause) = cause {
            causes.insert(version.clone(), cause);
        }
        spec.versions.insert(version, groups);
    }

    /// The groups of each item, and the name of the audience that it is, if it is one.
    fn audience<'v>(&mut self, audience: &'v VersionAudience) -> Vec<(Option<&'v str>, GroupSet)> {
        let mut items = Vec::new();
        for item in &audience.items {
            match &item.value {
                AudienceItem::Group(reference) => {
                    items.push((None, self.reference_at(reference, item.location).into_iter().collect()));
                }
                AudienceItem::Audience(name) => match self.audiences.get(name.as_str()) {
                    Some(declared) => items.push((Some(name.as_str()), declared.clone())),
                    None => self.fault(Diagnostic::error(
                        "unknown-audience",
                        item.location,
                        format!("nothing declares the audience `{name}`"),
                    )),
                },
            }
        }
        items
    }

    pub(super) fn detail(&mut self, key: &AssetKey, location: impl Into<Option<Location>>) -> Option<&'a AssetDetail> {
        let live = self.live;
        let detail = live.assets.as_ref().and_then(|assets| assets.get(key)).and_then(|asset| asset.detail.as_ref());
        if detail.is_none() {
            self.not_read(location, &format!("the visibility of {key}"));
        }
        detail
    }

    fn pruned_assets(&mut self, declared: &BTreeMap<AssetKey, Location>) {
        let live = self.live;
        for pattern in &self.manifest.prune.assets {
            let Ok(glob) = glob::Pattern::new(pattern) else { continue };
            for key in live.assets.iter().flat_map(BTreeMap::keys) {
                if declared.contains_key(key) || self.desired.assets.contains_key(key) {
                    continue;
                }
                let matches = |glob: &glob::Pattern| matches_asset(glob, key, live.business_groups.as_ref());
                if !matches(&glob) || !self.manifest.prune.within.iter().all(|earlier| covers(&earlier.assets, matches))
                {
                    continue;
                }
                if self.detail(key, pattern.location).is_some() {
                    let reason = format!("prune: {}", pattern.value);
                    self.desired.assets.insert(key.clone(), DesiredAsset::Gone { reason });
                }
            }
        }
    }

    /// Takes groups that go out of the audiences of assets that nothing else changes.
    fn assets_of_going(&mut self) {
        let live = self.live;
        for (id, going) in self.going.clone() {
            let Some(keys) = live.visible_to.get(&id) else {
                self.not_read(going.location(), &format!("the list of assets that `{}` sees", going.name));
                continue;
            };
            // A list that is read page by page while the portal changes may miss one.
            let shows = |asset: &LiveAsset| {
                asset.detail.iter().flat_map(|detail| detail.versions.values().flatten()).any(|ids| ids.contains(&id))
            };
            let known = live.assets.iter().flatten().filter(|(_, asset)| shows(asset)).map(|(key, _)| key);
            for key in keys.iter().chain(known).collect::<BTreeSet<_>>() {
                if going.clears() {
                    self.cleared_asset(key, &going);
                } else if !self.desired.assets.get(key).is_some_and(|desired| lets_go(desired, &going.name)) {
                    self.hold(&id, format!("asset {key}"));
                }
            }
        }
    }

    fn cleared_asset(&mut self, key: &AssetKey, going: &Going) {
        if !self.desired.assets.contains_key(key) {
            let Some(detail) = self.detail(key, going.location()) else { return };
            let mut spec = AssetSpec::of_live(detail, &self.directory);
            self.drop_going(&mut spec);
            let reason = Some(format!("user group `{}` goes", going.name));
            let visibility = DesiredVisibility { spec, causes: BTreeMap::new(), reason };
            self.desired.assets.insert(key.clone(), DesiredAsset::Present(visibility));
        }
        if let Some(DesiredAsset::Present(visibility)) = self.desired.assets.get(key)
            && visibility.spec.versions.values().any(Option::is_none)
        {
            self.warn(format!(
                "the hub does not say who sees each version of {key}: if one of them still names `{}`, the group cannot be deleted",
                going.name
            ));
        }
    }

    fn drop_going(&self, spec: &mut AssetSpec) {
        let going: BTreeSet<&GroupName> =
            self.going.values().filter(|going| going.clears()).map(|going| &going.name).collect();
        for groups in spec.versions.values_mut().flatten() {
            groups.retain(|name| !going.contains(name));
        }
    }
}

/// Nothing of the asset will refer to the group.
fn lets_go(desired: &DesiredAsset, group: &GroupName) -> bool {
    match desired {
        DesiredAsset::Gone { .. } => true,
        DesiredAsset::Present(visibility) => visibility
            .spec
            .versions
            .values()
            .all(|groups| groups.as_ref().is_some_and(|groups| !groups.contains(group))),
    }
}

/// Which named audiences bring the groups, if any is used.
fn audience_cause(items: &[(Option<&str>, GroupSet)], groups: &GroupSet) -> Option<AudienceCause> {
    let named = |group: Option<&GroupName>| {
        let names = items.iter().filter(|(_, of_item)| group.is_none_or(|group| of_item.contains(group)));
        // What is listed by itself is there whatever an audience says.
        let is_listed = |(name, _): &&(Option<&str>, GroupSet)| group.is_some() && name.is_none();
        if names.clone().any(|item| is_listed(&item)) {
            return None;
        }
        let names: Vec<String> = names.filter_map(|(name, _)| Some(format!("audience:{}", (*name)?))).collect();
        (!names.is_empty()).then(|| names.join(" + "))
    };
    let all = named(None)?;
    let apart = groups.iter().map(|group| (group.clone(), named(Some(group))));
    let apart = apart.filter(|(_, cause)| cause.as_ref() != Some(&all)).collect();
    Some(AudienceCause { named: all, apart })
}

fn custom_entered(asset: &Asset, location: Location) -> Diagnostic {
    Diagnostic::error(
        "custom-entered",
        location,
        format!("`{}` does not have custom instances, and the API cannot set them", asset.coordinates()),
    )
    .with_help(
        "`Custom` can be kept, not entered: choose the instances in the portal's settings, or write All or Public",
    )
}

/// Whether a prune pattern covers an asset, by the id or the name of its business group.
pub(crate) fn matches_asset(
    glob: &glob::Pattern,
    key: &AssetKey,
    business_groups: Option<&BTreeMap<String, String>>,
) -> bool {
    glob.matches(&key.to_string())
        || business_groups
            .and_then(|groups| groups.get(&*key.group_id))
            .is_some_and(|name| glob.matches(&format!("{name}/{}", key.asset_id)))
}

/// The shape of an Exchange group that is no business group, e.g. `com.example`.
fn is_exchange_group(text: &str) -> bool {
    text.contains('.') && !text.contains(char::is_whitespace)
}
