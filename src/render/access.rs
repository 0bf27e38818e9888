//! Who gains and who loses sight of what, by cause before by version: the question that a review is about.

use std::collections::BTreeSet;

use super::body::{LISTED, counted, rest};
use super::fields::INDENT;
use super::names::{self, Names};
use super::page::{Block, Line, Style};
use crate::id::GroupName;
use crate::plan::Plan;
use crate::plan::access::{
    Access, Cause, CauseEffect, Effect, IdpGroupName, MemberEffect, Path, Reach, VersionEffect, VersionName,
    VersionReach,
};

/// What a loss of sight is not.
const CONTRACTS: &str =
    "Contracts and client credentials stay valid: this is the portal's visibility, not runtime access.";

/// So many groups are named in the headline.
const FEW: usize = 2;

/// `Visibility: 214 members gain payment-api v2 (via Gold Tier), 3 lose order-api v1; 1 version becomes public.`
pub(super) fn headline(plan: &Plan, names: &Names) -> Option<String> {
    let access = plan.access.as_ref()?;
    let effect = &access.effect;
    let mut parts = Vec::new();
    let people: Vec<String> = [(true, &effect.gains), (false, &effect.losses)]
        .into_iter()
        .filter(|(_, reach)| reach.members > 0)
        .enumerate()
        .map(|(index, (gives, reach))| {
            let who = match index {
                0 => counted(reach.members, "member", "members"),
                _ => reach.members.to_string(),
            };
            format!("{who} {} {}", verb(gives, reach.members), what(effect, gives, names))
        })
        .collect();
    if !people.is_empty() {
        parts.push(people.join(", "));
    }
    let idp_groups: Vec<String> = [(true, &effect.gains), (false, &effect.losses)]
        .into_iter()
        .filter(|(_, reach)| reach.idp_groups > 0)
        .map(|(gives, reach)| {
            let more = if reach.members > 0 { String::new() } else { format!(" {}", what(effect, gives, names)) };
            format!("{} {}{more}", reach.idp_groups, verb(gives, reach.idp_groups))
        })
        .collect();
    if !idp_groups.is_empty() {
        parts.push(format!("identity provider groups: {}", idp_groups.join(", ")));
    }
    for (reach, one, many) in [
        (&effect.gains, "becomes public", "become public"),
        (&effect.losses, "is no longer public", "are no longer public"),
    ] {
        if reach.public > 0 {
            let verb = if reach.public == 1 { one } else { many };
            parts.push(format!("{} {verb}", counted(reach.public, "version", "versions")));
        }
    }
    if parts.is_empty() {
        parts.push("nobody gains or loses sight of anything".to_owned());
    }
    Some(format!("Visibility: {}.", parts.join("; ")))
}

const fn verb(gives: bool, count: usize) -> &'static str {
    match (gives, count) {
        (true, 1) => "gains",
        (true, _) => "gain",
        (false, 1) => "loses",
        (false, _) => "lose",
    }
}

/// The one version, or how many; and through which groups, if they are few.
fn what(effect: &Effect, gives: bool, names: &Names) -> String {
    let concerned: Vec<(&VersionName, &VersionReach)> = effect
        .versions
        .iter()
        .map(|version| (&version.name, if gives { &*version.gains } else { &*version.losses }))
        .filter(|(_, reach)| reach.members > 0 || !reach.idp_groups.is_empty())
        .collect();
    let things = match concerned.as_slice() {
        [(one, _)] => version_name(one, names),
        several => counted(several.len(), "version", "versions"),
    };
    let mut groups: BTreeSet<&GroupName> = BTreeSet::new();
    for (_, reach) in concerned.iter().filter(|_| gives) {
        groups.extend(&reach.through);
        if groups.len() > FEW {
            return things;
        }
    }
    if groups.is_empty() {
        return things;
    }
    let groups: Vec<_> = groups.iter().map(|group| names::value(group.as_str())).collect();
    format!("{things} (via {})", groups.join(", "))
}

/// `Finance/payment-api v2`
pub(super) fn version_name(name: &VersionName, names: &Names) -> String {
    let asset = names.name(&name.asset);
    if name.version == crate::kinds::assets::spec::OTHER_VERSIONS {
        return asset;
    }
    format!("{asset} {}", names::path(&name.version))
}

/// By cause: `+ audience:payments + Partner Zephyr: 93 versions of 41 assets, 214 members`
pub(super) fn causes<'a>(plan: &'a Plan, names: &Names, verbose: bool) -> Vec<Block<'a>> {
    let Some(access) = &plan.access else { return Vec::new() };
    let causes = &access.effect.causes;
    let shown = if verbose { causes.len() } else { LISTED };
    let mut blocks: Vec<Block<'a>> = causes.iter().take(shown).map(|cause| vec![cause_line(cause, names)]).collect();
    blocks.extend(rest(causes.len(), shown).map(|rest| vec![Line::at(0).styled(Style::Dim, rest)]));
    blocks
}

const fn style(gives: bool) -> Style {
    if gives { Style::Added } else { Style::Removed }
}

fn cause_line<'a>(effect: &'a CauseEffect, names: &Names) -> Line<'a> {
    let CauseEffect { gives, cause, user_group, origin, reach, first } = effect;
    let is_one = reach.versions == 1;
    let mut line = Line::marked(0, style(*gives));
    line.push(
        Style::Plain,
        match cause {
            Cause::Audience(name) => name.clone(),
            Cause::Assets if is_one => version_name(first, names),
            Cause::Assets => "assets".to_owned(),
            Cause::Members => "members' groups".to_owned(),
            Cause::Approval => "approved sign-ups".to_owned(),
            Cause::Enabled if *gives => "enabled members".to_owned(),
            Cause::Enabled => "disabled members".to_owned(),
            Cause::Mapping(name) => format!("mapping of {}", idp_group(name)),
        },
    );
    if let Some(group) = user_group {
        let sign = if *gives { " + " } else { " - " };
        line.push(style(*gives), format!("{sign}{}", names::value(group.as_str())));
    }
    let names_version = *cause == Cause::Assets && is_one;
    let what = match (names_version, is_one) {
        (true, _) => None,
        (false, true) => Some(version_name(first, names)),
        (false, false) => Some(versions(reach)),
    };
    line.push(
        Style::Plain,
        format!(": {}", what.into_iter().chain(people(*gives, reach)).collect::<Vec<_>>().join(", ")),
    );
    if let Some(origin) = origin.filter(|origin| *origin != crate::plan::Origin::ThisChange) {
        line.push(Style::Dim, format!("  # {}", origin.as_str()));
    }
    line
}

fn versions(reach: &Reach) -> String {
    let versions = counted(reach.versions, "version", "versions");
    if reach.assets < 2 { versions } else { format!("{versions} of {} assets", reach.assets) }
}

/// `214 members`, `2 identity provider groups`, `becomes public`
fn people(gives: bool, reach: &Reach) -> Vec<String> {
    let Reach { members, idp_groups, assets: _, versions, public } = reach;
    let mut people = Vec::new();
    if *members > 0 {
        people.push(counted(*members, "member", "members"));
    }
    if *idp_groups > 0 {
        people.push(counted(*idp_groups, "identity provider group", "identity provider groups"));
    }
    if *public > 0 {
        let becomes = match (gives, *public, public == versions) {
            (true, 1, true) => "becomes public".to_owned(),
            (true, count, true) if count > 1 => "become public".to_owned(),
            (true, count, _) => format!("{count} of them public"),
            (false, 1, true) => "no longer public".to_owned(),
            (false, count, true) if count > 1 => "no longer public".to_owned(),
            (false, count, _) => format!("{count} of them no longer public"),
        };
        people.push(becomes);
    }
    people
}

fn idp_group(name: &IdpGroupName) -> String {
    format!("{}/{}", names::value(name.provider.as_str()), names::value(&name.group))
}

/// Somebody asked for names of members.
pub(super) fn names_members(plan: &Plan) -> bool {
    let versions = plan.access.iter().flat_map(|access| &access.effect.versions);
    versions.flat_map(|version| [&version.gains, &version.losses]).any(|reach| !reach.names.is_empty())
}

/// By version, with names where they were asked for.
pub(super) fn by_version<'a>(plan: &'a Plan, names: &Names) -> Vec<Block<'a>> {
    let versions = plan.access.iter().flat_map(|access| &access.effect.versions);
    versions
        .map(|version| {
            let mut block = vec![Line::marked(0, Style::Changed).plain(version_name(&version.name, names))];
            block.extend(reach_lines(version));
            block
        })
        .collect()
}

/// Who gains a version, and who loses it.
pub(super) fn reach_lines(version: &VersionEffect) -> Block<'_> {
    let VersionEffect { name: _, gains, losses } = version;
    version_line(true, gains).into_iter().chain(version_line(false, losses)).collect()
}

fn version_line(gives: bool, reach: &VersionReach) -> Option<Line<'_>> {
    let VersionReach { members, through, idp_groups, public, names } = reach;
    if *members == 0 && idp_groups.is_empty() && !public {
        return None;
    }
    let who = match members {
        0 => "no known member".to_owned(),
        count => counted(*count, "member", "members"),
    };
    let groups: Vec<_> = through.iter().map(|group| names::value(group.as_str())).collect();
    let mut line = Line::marked(INDENT, style(gives)).plain(format!("{who} via {}", groups.join(", ")));
    if !names.is_empty() {
        let shown: Vec<_> = names.iter().map(|name| names::value(name)).collect();
        let more = members - names.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        line.push(Style::Plain, format!(": {}{more}", shown.join(", ")));
    }
    if !idp_groups.is_empty() {
        let groups: Vec<_> = idp_groups.iter().take(LISTED).map(idp_group).collect();
        let more = idp_groups.len() - groups.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        line.push(Style::Plain, format!("; whoever is in {}{more}", groups.join(", ")));
    }
    if *public {
        line.push(Style::Changed, if gives { "; becomes public" } else { "; no longer public" });
    }
    Some(line)
}

/// By member: how many versions, and the ways that lead to them.
pub(super) fn by_member<'a>(plan: &'a Plan, names: &Names) -> Vec<Block<'a>> {
    let members = plan.access.iter().flat_map(|access| &access.effect.members);
    members
        .map(|effect| {
            let MemberEffect { member, is_administrator, gains, losses, gains_through, losses_through } = effect;
            let mut heading = Line::marked(0, Style::Changed).plain(names.label(member));
            if *is_administrator {
                heading.push(Style::Dim, "  # administrator");
            }
            let mut block = vec![heading];
            for (gives, count, through) in [(true, gains, gains_through), (false, losses, losses_through)] {
                if *count > 0 {
                    let ways: Vec<String> = through.iter().map(way).collect();
                    let versions = counted(*count, "version", "versions");
                    let line = Line::marked(INDENT, style(gives)).plain(format!("{versions} via {}", ways.join(", ")));
                    block.push(line);
                }
            }
            block
        })
        .collect()
}

/// `Gold Tier → API Developers`
pub(super) fn way(path: &Path) -> String {
    path.iter().map(|group| names::value(group.as_str())).collect::<Vec<_>>().join(" → ")
}

/// What was not analysed, and what a loss is not.
pub(super) fn remarks(plan: &Plan) -> Vec<String> {
    let Some(access) = &plan.access else { return Vec::new() };
    let Access { people, gaps, effect, .. } = access;
    let mut remarks = Vec::new();
    if people.is_none() {
        remarks.push("Members were not read, so nobody is counted who gains or loses sight.".to_owned());
    }
    let mut missing = Vec::new();
    // Where nobody's groups change, an asset that the plan does not change is seen by whom it was seen.
    if access.moves_people() {
        match gaps.assets {
            None => missing.push("the portal's assets".to_owned()),
            Some(0) => {}
            Some(count) => missing.push(counted(count, "asset", "assets")),
        }
    }
    if gaps.versions > 0 {
        let versions = counted(gaps.versions, "version", "versions");
        missing.push(format!("{versions} of which the hub does not tell who sees them"));
    }
    if gaps.members > 0 {
        let members = counted(gaps.members, "member", "members");
        missing.push(format!("{members} of whom the hub does not tell the groups"));
    }
    if gaps.mappings > 0 {
        missing.push(format!("the mappings of {}", counted(gaps.mappings, "user group", "user groups")));
    }
    if !missing.is_empty() {
        remarks.push(format!("Not analysed: {}.", missing.join(", ")));
    }
    if effect.losses != Reach::default() {
        remarks.push(CONTRACTS.to_owned());
    }
    remarks
}
