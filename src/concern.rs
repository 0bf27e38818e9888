//! What of a plan somebody should look at, each at the place in the manifest that declares it. Pure.
//!
//! Nothing is decided here: it is said again what the plan says, for media that show a manifest line by line.

use std::collections::BTreeMap;

use crate::address::{Address, Kind};
use crate::diagnostic::{Diagnostic, Location};
use crate::manifest::model::{GroupReference, Manifest, ProspectMatch, UserGroup};
use crate::plan::{NoticeLevel, Plan};

/// Refusals first. What has no place of its own stands at the Portal's name.
pub fn concerns(plan: &Plan, manifest: &Manifest) -> Vec<Diagnostic> {
    let place = |address: &Address| place(address, plan, manifest).unwrap_or(manifest.name.location);
    let mut concerns = Vec::new();
    for violation in &plan.guards.violations {
        // One that is about several objects is about none of their places.
        let location = if let [only] = violation.addresses.as_slice() { place(only) } else { manifest.name.location };
        let fault = Diagnostic::error("refused", location, violation.message.clone());
        concerns.push(fault.with_help(format!("if this is meant, {}", violation.advice)));
    }
    for notice in plan.notices.iter().filter(|notice| notice.level == NoticeLevel::Warning) {
        concerns.push(Diagnostic::warning("plan-warning", manifest.name.location, notice.message.clone()));
    }
    let mut held: BTreeMap<&Address, Vec<&str>> = BTreeMap::new();
    for one in &plan.held {
        held.entry(&one.address).or_default().extend(one.path.as_deref());
    }
    for (address, fields) in held {
        let fields = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
        let message = format!("somebody took this away in the portal{fields}, and it is not given back");
        let concern = Diagnostic::warning("held", place(address), message);
        concerns.push(concern.with_help(format!("--accept-drift {address} gives it back")));
    }
    for waiting in &plan.waiting {
        let address = Address::new(&plan.portal, Kind::Members, [&waiting.user]);
        let message = format!("`{}` {}", waiting.user, waiting.message);
        concerns.push(Diagnostic::warning("waiting", place(&address), message));
    }
    concerns
}

/// Where the manifest declares an object; for a sign-up, the rule that decides it.
fn place(address: &Address, plan: &Plan, manifest: &Manifest) -> Option<Location> {
    let [first, rest @ ..] = &*address.segments else { return None };
    match address.kind {
        Kind::UserGroups => group(first, manifest).map(|group| group.name.location),
        Kind::IdpMappings => {
            let group = group(first, manifest)?;
            let mapped = rest.last()?;
            let mapping = group.idp_groups.iter().flatten().find(|mapping| mapping.group.value == *mapped);
            Some(mapping.map_or(group.name.location, |mapping| mapping.group.location))
        }
        Kind::Assets => {
            let names = [Some(address.name()), plan.target.by_business_group(address).map(|named| named.name())];
            let is_named = |coordinates: String| names.iter().flatten().any(|name| *name == coordinates);
            manifest.assets.iter().flatten().find(|asset| is_named(asset.coordinates())).map(|asset| asset.location)
        }
        Kind::Members => member(first, manifest),
        Kind::Prospects => member(first, manifest).or_else(|| rule(first, manifest)),
    }
}

/// A group by the name that it has, or had.
fn group<'m>(name: &str, manifest: &'m Manifest) -> Option<&'m UserGroup> {
    let mut groups = manifest.user_groups.iter().flatten();
    groups.find(|group| {
        let is_called = match &group.name.value {
            GroupReference::Named(own) => own == name,
            GroupReference::System(system) => system.as_str() == name,
        };
        is_called || group.formerly.iter().any(|former| former.value == name)
    })
}

fn member(name: &str, manifest: &Manifest) -> Option<Location> {
    let mut members = manifest.members.iter().flatten();
    members.find(|member| member.user.to_lowercase() == name.to_lowercase()).map(|member| member.user.location)
}

fn rule(email: &str, manifest: &Manifest) -> Option<Location> {
    let email = email.to_lowercase();
    let domain = email.rsplit_once('@').map(|(_, domain)| domain);
    let mut rules = manifest.prospects.iter().flatten();
    let found = rules.find(|rule| match &rule.matches {
        ProspectMatch::Email(wanted) => wanted.to_lowercase() == email,
        ProspectMatch::EmailDomain(wanted) => Some(wanted.to_lowercase().as_str()) == domain,
    });
    found.map(|rule| rule.location)
}

#[cfg(test)]
mod tests;
