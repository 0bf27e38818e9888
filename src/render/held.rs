//! What a plan leaves out: what it would give, to whom, and how to accept it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::body::counted;
use super::fields::{INDENT, whole};
use super::names::{self, Names};
use super::page::{Block, Line, Style};
use crate::address::{Address, Kind};
use crate::id::GroupName;
use crate::kinds::GroupSet;
use crate::plan::{Held, Plan};

/// As many groups are named.
const FEW: usize = 5;

/// What stands before the list.
pub(super) const LEAD: &str = "Held, since somebody took it away in the portal (--accept-drift all gives it back):";

/// The same where the list has a title of its own.
pub(super) const ADVICE: &str = "Somebody took this away in the portal; --accept-drift all gives it back";

/// How many objects have something held.
pub(super) fn count(plan: &Plan) -> usize {
    plan.held.iter().map(|held| &held.address).collect::<BTreeSet<_>>().len()
}

/// `1 held change is left out.`
pub(super) fn sentence(plan: &Plan) -> Option<String> {
    let count = count(plan);
    let verb = if count == 1 { "is" } else { "are" };
    (count > 0).then(|| format!("{} {verb} left out.", counted(count, "held change", "held changes")))
}

/// One block for each object, in the order of addresses.
pub(super) fn blocks<'a>(plan: &'a Plan, verbose: bool) -> Vec<Block<'a>> {
    let names = Names::of(plan);
    let mut blocks: Vec<(&Address, Block<'a>)> = Vec::new();
    for held in &plan.held {
        if blocks.last().is_none_or(|(address, _)| **address != held.address) {
            let heading = Line::marked(0, Style::Dim).plain(names.label(&held.address));
            blocks.push((&held.address, vec![heading]));
        }
        let (_, block) = blocks.last_mut().expect("it was just added");
        block.push(gift(held, plan, verbose));
    }
    blocks
        .into_iter()
        .map(|(address, mut block)| {
            block.push(Line::at(INDENT).styled(Style::Dim, format!("--accept-drift {address}")));
            block
        })
        .collect()
}

/// What would be given, to whom.
fn gift<'a>(held: &'a Held, plan: &Plan, verbose: bool) -> Line<'a> {
    let Held { address, path, before, after, groups } = held;
    let line = Line::at(INDENT);
    let list = |groups: &GroupSet| listed(groups, verbose);
    let Some(path) = path.as_deref() else {
        return line.plain(match address.kind {
            Kind::Assets if groups.is_empty() => "would be published again, for nobody".to_owned(),
            Kind::Assets => format!("would be published again, for {}", list(groups)),
            _ => format!("would be mapped again: its people would be in {}", list(groups)),
        });
    };
    if let Some(version) = path.strip_prefix("versions.") {
        let remark = if before.is_null() {
            "  # the hub does not tell who sees it now"
        } else if is_nobody(before, plan) {
            "  # as it is, too, where the version is new in Exchange"
        } else {
            ""
        };
        return line
            .plain(names::path(version))
            .plain(format!(" would be shown to {} again", list(groups)))
            .styled(Style::Dim, remark);
    }
    match path {
        "instances" => line
            .plain("instances: ")
            .plain(whole(before))
            .plain(" → ")
            .plain(whole(after))
            .plain(format!(", for {}", if groups.is_empty() { "nobody".to_owned() } else { list(groups) })),
        "enabled" if groups.is_empty() => line.plain("would be enabled again"),
        "enabled" => line.plain(format!("would be enabled again, in {}", list(groups))),
        _ => line.plain(format!("would be in {} again", list(groups))),
    }
}

/// Nobody but administrators.
fn is_nobody(audience: &Value, plan: &Plan) -> bool {
    let is_administrators = |name: &str| plan.target.user_groups.flags_of(&GroupName::from(name)).is_admin;
    audience.as_array().is_some_and(|groups| groups.iter().filter_map(Value::as_str).all(is_administrators))
}

fn listed(groups: &GroupSet, verbose: bool) -> String {
    let shown = if verbose || groups.len() <= FEW + 1 { groups.len() } else { FEW };
    let names: Vec<_> = groups.iter().take(shown).map(|name| names::value(name.as_str())).collect();
    let rest = groups.len() - shown;
    if rest > 0 { format!("{} and {rest} more", names.join(", ")) } else { names.join(", ") }
}
