//! Identity providers by alias, name or id, and the mappings that name them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Resolver, nearest};
use crate::diagnostic::{Diagnostic, Located};
use crate::id::{ProviderId, ProviderName};
use crate::kinds::idp_mappings::spec::IdpMappingSpec;
use crate::manifest::model::{GroupReference, UserGroup};

impl<'a> Resolver<'a> {
    /// Gives every provider one name: the manifest's alias, else its own, else its id.
    pub(super) fn providers(&mut self) {
        let live = self.live;
        let Some(providers) = &live.identity_providers else { return };
        let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
        for name in providers.values() {
            *uses.entry(name).or_default() += 1;
        }
        for (id, name) in providers {
            let plain = if name.is_empty() || uses[name.as_str()] > 1 { id.as_str() } else { name };
            self.provider_names.insert(id.clone(), plain.into());
        }
        for (alias, wanted) in &self.manifest.identity_providers {
            if let Some(id) = self.provider_id(wanted) {
                self.provider_names.insert(id, alias.as_str().into());
            }
        }
    }

    fn provider_id(&mut self, wanted: &Located<String>) -> Option<ProviderId> {
        let providers = self.live.identity_providers.as_ref()?;
        // The built-in provider goes by this id everywhere, and not every organization lists it.
        if wanted.value == "mulesoft" || providers.contains_key(wanted.as_str()) {
            return Some(wanted.as_str().into());
        }
        let named: Vec<&ProviderId> =
            providers.iter().filter(|(_, name)| **name == wanted.value).map(|(id, _)| id).collect();
        match named.as_slice() {
            [id] => return Some((*id).clone()),
            [] => {
                let mut fault = Diagnostic::error(
                    "unknown-provider",
                    wanted.location,
                    format!("there is no identity provider `{}`", wanted.value),
                );
                let candidates = providers.values().chain(self.manifest.identity_providers.keys()).map(String::as_str);
                fault = match nearest(wanted, candidates) {
                    Some(near) => fault.with_help(format!("did you mean `{near}`?")),
                    None => fault.with_help(format!(
                        "the organization has: {}",
                        providers.values().map(String::as_str).collect::<Vec<_>>().join(", ")
                    )),
                };
                self.fault(fault);
            }
            several => {
                let ids = several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                self.fault(
                    Diagnostic::error(
                        "ambiguous-provider",
                        wanted.location,
                        format!("several identity providers are named `{}`: {ids}", wanted.value),
                    )
                    .with_help("use one of the ids"),
                );
            }
        }
        None
    }

    pub(super) fn mappings(&mut self) {
        let declared: &'a [UserGroup] = self.manifest.user_groups.as_deref().unwrap_or_default();
        for group in declared {
            let Some(idp_groups) = &group.idp_groups else { continue };
            let location = group.name.location;
            // Faults of the name itself were reported with the groups.
            let name = match &group.name.value {
                GroupReference::System(system) => {
                    let marked: Vec<_> = self.directory.iter().filter(|entry| system.marks(entry.flags)).collect();
                    let [entry] = marked.as_slice() else { continue };
                    entry.name.clone()
                }
                GroupReference::Named(name) => match self.by_plain_name.get(name).map(Vec::as_slice) {
                    Some([name]) => name.clone(),
                    _ => continue,
                },
            };
            if self.live.identity_providers.is_none() && !idp_groups.is_empty() {
                self.not_read(location, "the list of identity providers");
                continue;
            }
            if let Some(id) = self.directory.id_of(&name)
                && !self.live.mappings.contains_key(id)
            {
                self.not_read(location, &format!("the list of `{name}`'s mappings"));
                continue;
            }
            let mut wanted = BTreeSet::new();
            for idp_group in idp_groups {
                let alias = self.manifest.identity_providers.get(idp_group.provider.as_str());
                let Some(id) = self.provider_id(alias.unwrap_or(&idp_group.provider)) else { continue };
                let provider = self.provider_name(&id);
                wanted.insert(IdpMappingSpec {
                    user_group: name.clone(),
                    provider,
                    group: idp_group.group.value.clone(),
                });
            }
            self.desired.mappings.insert(name, wanted);
        }
        self.mappings_of_going();
    }

    fn mappings_of_going(&mut self) {
        for (id, going) in self.going.clone() {
            let Some(rows) = self.live.mappings.get(&id) else {
                self.not_read(None, &format!("the list of `{}`'s mappings", going.name));
                continue;
            };
            if !going.clear {
                for row in rows {
                    self.holders.entry(id.clone()).or_default().insert(format!("mapping of `{}`", row.group));
                }
                continue;
            }
            if let Some(row) = rows.iter().find(|row| row.is_maintainer) {
                self.fault(
                    Diagnostic::error(
                        "maintainer-mapping",
                        None,
                        format!("`{}` cannot be cleared: `{}` makes maintainers of it", going.name, row.group),
                    )
                    .with_help("remove this mapping in the platform first: the API cannot write it"),
                );
            }
            self.desired.mappings.insert(going.name, BTreeSet::new());
        }
    }

    /// The one name of a provider; an id that the organization does not list is shown as it is.
    pub(crate) fn provider_name(&mut self, id: &ProviderId) -> ProviderName {
        self.provider_names.entry(id.clone()).or_insert_with(|| id.as_str().into()).clone()
    }
}
