//! Identity providers by alias, name or id, and the mappings that name them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cause, Resolver};
use crate::diagnostic::{Diagnostic, Located, nearest};
use crate::id::{ProviderId, ProviderName};
use crate::kinds::idp_mappings::spec::IdpMappingSpec;

/// The id of the built-in identity provider.
const BUILT_IN: &str = "mulesoft";

impl Resolver<'_> {
    /// Gives every provider one name that no other has: the manifest's alias, else its own, else its id.
    pub(super) fn providers(&mut self) {
        let live = self.live;
        let Some(providers) = &live.identity_providers else { return };
        let manifest = self.manifest;
        let mut aliases: BTreeMap<ProviderId, &str> = BTreeMap::new();
        for (alias, wanted) in &manifest.identity_providers {
            let Some(id) = self.provider_id(wanted) else { continue };
            let hides = *alias == *BUILT_IN || providers.contains_key(alias.as_str());
            if hides && id.as_str() != alias {
                self.fault(
                    Diagnostic::error(
                        "misleading-alias",
                        wanted.location,
                        format!("`{alias}` is the id of another identity provider"),
                    )
                    .with_help("choose another name"),
                );
            }
            aliases.insert(id, alias);
        }
        let ids: BTreeSet<&str> = providers.keys().map(ProviderId::as_str).chain([BUILT_IN]).collect();
        let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
        for name in providers.values() {
            *uses.entry(name).or_default() += 1;
        }
        for (id, name) in providers {
            let is_its_own = !name.is_empty()
                && uses[name.as_str()] == 1
                && !manifest.identity_providers.contains_key(name)
                && (!ids.contains(name.as_str()) || name == id.as_str());
            let plain = if is_its_own { name } else { id.as_str() };
            self.provider_names.insert(id.clone(), aliases.get(id).copied().unwrap_or(plain).into());
        }
        for (id, alias) in aliases {
            self.provider_names.insert(id, alias.into());
        }
    }

    fn provider_id(&mut self, wanted: &Located<String>) -> Option<ProviderId> {
        let providers = self.live.identity_providers.as_ref()?;
        // The built-in provider goes by this id everywhere, and not every organization lists it.
        if wanted.value == BUILT_IN || providers.contains_key(wanted.as_str()) {
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
        for (group, name) in self.declared_groups.clone() {
            let Some(idp_groups) = &group.idp_groups else { continue };
            let location = group.name.location;
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
            let rows = self.directory.id_of(&name).and_then(|id| self.live.mappings.get(id));
            let mut wanted = BTreeSet::new();
            for idp_group in idp_groups {
                let alias = self.manifest.identity_providers.get(idp_group.provider.as_str());
                let Some(provider) = self.provider_id(alias.unwrap_or(&idp_group.provider)) else { continue };
                let mut same = rows
                    .into_iter()
                    .flatten()
                    .filter(|row| row.provider == provider && row.group == idp_group.group.value);
                // The API tells mappings apart by these three alone: a second row beside a maintainer's cannot be.
                if same.clone().any(|row| row.is_maintainer) && same.all(|row| row.is_maintainer) {
                    self.warn(format!(
                        "`{}` makes maintainers of `{name}`: the API cannot write this mapping, and it is left as it is",
                        idp_group.group.value
                    ));
                    continue;
                }
                wanted.insert(IdpMappingSpec {
                    user_group: name.clone(),
                    provider: self.provider_name(&provider),
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
                self.not_read(going.location(), &format!("the list of `{}`'s mappings", going.name));
                continue;
            };
            if !going.clears() {
                for row in rows {
                    if row.is_maintainer || !self.is_recorded_mapping(&id, row) {
                        self.hold(&id, format!("mapping of `{}`", row.group));
                    }
                }
                if matches!(going.cause, Cause::Recorded { .. }) {
                    self.desired.mappings.insert(going.name, BTreeSet::new());
                }
                continue;
            }
            if let Some(row) = rows.iter().find(|row| row.is_maintainer) {
                self.fault(
                    Diagnostic::error(
                        "maintainer-mapping",
                        going.location(),
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
