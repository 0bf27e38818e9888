//! Answers to questions about who sees what: tables for people and spreadsheets, documents for scripts.

use serde_json::{Value, json};

use super::access::{version_name, way};
use super::body::counted;
use super::names::{self, Names};
use super::table::Table;
use super::text;
use crate::access::{Cell, Missing, Verdict, View};
use crate::directory::Entry;
use crate::kinds::GroupSet;
use crate::plan::PlanTarget;
use crate::plan::access::{Path, Person, SeenAsset, SeenVersion, VersionName};

/// The same answer for people, for spreadsheets and for scripts.
#[derive(Debug)]
pub struct Answer {
    pub table: Table,
    /// Sentences in place of the table, for people.
    pub words: Option<String>,
    pub document: Value,
}

/// The published versions by the groups that see them.
pub fn matrix(
    view: &View<'_>,
    target: &PlanTarget,
    wants_group: impl Fn(&str) -> bool,
    wants_asset: impl Fn(&str) -> bool,
) -> Answer {
    let names = Names::of_target(target);
    let groups: Vec<&Entry> = view.groups().into_iter().filter(|entry| wants_group(entry.name.as_str())).collect();
    let columns = groups.iter().map(|entry| entry.name.to_string());
    let mut table = Table::new(["ASSET", "VERSION", "PUBLIC"].map(ToOwned::to_owned).into_iter().chain(columns));
    let mut rows = Vec::new();
    for asset in view.assets().filter(|asset| wants_asset(&names.name(&asset.address))) {
        for version in &asset.versions {
            let name = names.name(&asset.address);
            let cells: Vec<Cell> = groups.iter().map(|entry| view.cell(&entry.name, version)).collect();
            let is_public = view.is_public(version);
            let shown = cells.iter().map(|cell| word(*cell).to_owned());
            let public = if is_public { "yes" } else { "no" };
            table.row([name.clone(), version.version.clone(), public.to_owned()].into_iter().chain(shown));
            let groups: serde_json::Map<String, Value> =
                groups.iter().zip(&cells).map(|(entry, cell)| (entry.name.to_string(), json!(cell))).collect();
            rows.push(json!({
                "address": asset.address,
                "asset": name,
                "version": version.version,
                "public": is_public,
                "userGroups": groups,
            }));
        }
    }
    Answer { table, words: None, document: json!(rows) }
}

const fn word(cell: Cell) -> &'static str {
    match cell {
        Cell::Direct => "direct",
        Cell::Inherited => "inherited",
        Cell::Hidden => "no",
        Cell::Unknown => "?",
    }
}

/// Everything that a person sees.
pub fn member(view: &View<'_>, target: &PlanTarget, person: &Person) -> Answer {
    let names = Names::of_target(target);
    let standing = person.standing.on(view.side);
    let mut table = Table::new(["ASSET", "VERSION", "VIA"]);
    let (mut rows, mut unknown) = (Vec::new(), 0);
    for asset in view.assets() {
        for version in &asset.versions {
            let verdict = view.why(person, asset, version);
            match verdict.sees {
                None => unknown += 1,
                Some(false) => {}
                Some(true) => {
                    let name = names.name(&asset.address);
                    table.row([name.clone(), version.version.clone(), ways(&verdict.ways)]);
                    rows.push(json!({
                        "address": asset.address,
                        "asset": name,
                        "version": version.version,
                        "ways": verdict.ways,
                    }));
                }
            }
        }
    }
    let document = json!({
        "member": person.address,
        "active": standing.is_active,
        "userGroups": standing.user_groups,
        "versions": rows,
        "unknown": unknown,
    });
    Answer { table, words: None, document }
}

/// Who sees each version of an asset.
pub fn asset(view: &View<'_>, target: &PlanTarget, asset: &SeenAsset) -> Answer {
    let mut table = Table::new(["VERSION", "PUBLIC", "AUDIENCE", "ALSO SEEN BY", "MEMBERS"]);
    let mut rows = Vec::new();
    for version in &asset.versions {
        let of = |wanted: Cell| -> Vec<String> {
            let groups = view.groups().into_iter().filter(|entry| view.cell(&entry.name, version) == wanted);
            groups.map(|entry| entry.name.to_string()).collect()
        };
        let (direct, inherited) = (of(Cell::Direct), of(Cell::Inherited));
        let is_told = version.audience.on(view.side).is_some();
        let members = view.access.people.as_ref().map(|_| view.viewers(asset, version).len());
        let shown = |groups: &[String]| match (is_told, groups) {
            (false, _) => "?".to_owned(),
            (true, []) => "-".to_owned(),
            (true, groups) => groups.iter().map(|group| names::value(group)).collect::<Vec<_>>().join(", "),
        };
        let is_public = view.is_public(version);
        table.row([
            version.version.clone(),
            if is_public { "yes" } else { "no" }.to_owned(),
            shown(&direct),
            shown(&inherited),
            members.filter(|_| is_told).map_or_else(|| "?".to_owned(), |count| count.to_string()),
        ]);
        rows.push(json!({
            "version": version.version,
            "public": is_public,
            "audience": version.audience.on(view.side),
            "inherited": inherited,
            "members": members.filter(|_| is_told),
        }));
    }
    let names = Names::of_target(target);
    let document = json!({"address": asset.address, "asset": names.name(&asset.address), "versions": rows});
    Answer { table, words: None, document }
}

/// Every member who sees a version.
pub fn viewers(view: &View<'_>, target: &PlanTarget, asset: &SeenAsset, version: &SeenVersion) -> Answer {
    let mut table = Table::new(["MEMBER", "VIA"]);
    let mut rows = Vec::new();
    for person in view.viewers(asset, version) {
        let verdict = view.why(person, asset, version);
        table.row([person.address.name(), ways(&verdict.ways)]);
        rows.push(json!({"member": person.address, "ways": verdict.ways}));
    }
    let document = json!({
        "address": asset.address,
        "asset": Names::of_target(target).name(&asset.address),
        "version": version.version,
        "public": view.is_public(version),
        "audience": version.audience.on(view.side),
        "members": rows,
    });
    Answer { table, words: None, document }
}

/// The chain that grants sight of a version, or what is missing.
pub fn why(view: &View<'_>, target: &PlanTarget, person: &Person, asset: &SeenAsset, version: &SeenVersion) -> Answer {
    let names = Names::of_target(target);
    let verdict = view.why(person, asset, version);
    let name = VersionName { asset: asset.address.clone(), version: version.version.clone() };
    let (who, what) = (names.name(&person.address), version_name(&name, &names));
    let mut lines = Vec::new();
    lines.push(match verdict.sees {
        Some(true) => format!("{who} sees {what}:"),
        Some(false) => format!("{who} does not see {what}:"),
        None => format!("nobody can say whether {who} sees {what}: the hub does not tell enough"),
    });
    if verdict.sees == Some(true) {
        lines.extend(verdict.ways.iter().map(|path| format!("  - {}", reason(path, &verdict))));
    }
    for missing in &verdict.missing {
        lines.push(format!("  - {}", obstacle(*missing, &verdict)));
    }
    if verdict.missing.contains(&Missing::Inactive) && !verdict.ways.is_empty() {
        lines.extend(verdict.ways.iter().map(|path| format!("  - otherwise, {}", reason(path, &verdict))));
    }
    if verdict.sees == Some(false) && verdict.missing.contains(&Missing::Group) {
        let doors: Vec<_> = view.doors(version).into_iter().map(|group| names::value(group.as_str())).collect();
        lines.push(match doors.as_slice() {
            [] => "  to see it: have a group of the member's in its audience".to_owned(),
            [one] => format!("  to see it: be in {one}, or have a group of the member's in its audience"),
            _ => format!(
                "  to see it: be in one of {}, or have a group of the member's in its audience",
                doors.join(", ")
            ),
        });
    }
    let mut table = Table::new(["MEMBER", "ASSET", "VERSION", "SEES", "VIA"]);
    let sees = match verdict.sees {
        Some(true) => "yes",
        Some(false) => "no",
        None => "?",
    };
    let via = if verdict.sees == Some(true) { ways(&verdict.ways) } else { String::new() };
    let of_asset = names.name(&asset.address);
    table.row([person.address.name(), of_asset.clone(), version.version.clone(), sees.to_owned(), via]);
    let document = json!({
        "member": person.address,
        "address": asset.address,
        "asset": of_asset,
        "version": version.version,
        "verdict": verdict,
    });
    let words = lines.iter().map(|line| text::terminal(line).into_owned() + "\n").collect();
    Answer { table, words: Some(words), document }
}

fn ways(ways: &[Path]) -> String {
    ways.iter().map(way).collect::<Vec<_>>().join(", ")
}

fn reason(path: &Path, verdict: &Verdict) -> String {
    let is_own = |group| verdict.user_groups.as_ref().is_some_and(|groups| groups.contains(group));
    let (Some(first), Some(last)) = (path.first(), path.last()) else { return String::new() };
    let begin = if is_own(first) {
        format!("in {}", names::value(first.as_str()))
    } else {
        format!("everyone who signs in is in {}", names::value(first.as_str()))
    };
    if path.len() == 1 {
        return format!("{begin}, which its audience names");
    }
    format!("{begin}, below {}, which its audience names ({})", names::value(last.as_str()), way(path))
}

fn obstacle(missing: Missing, verdict: &Verdict) -> String {
    let listed = |groups: Option<&GroupSet>| match groups {
        None => "not told".to_owned(),
        Some(groups) if groups.is_empty() => "nobody".to_owned(),
        Some(groups) => groups.iter().map(|group| names::value(group.as_str())).collect::<Vec<_>>().join(", "),
    };
    match missing {
        Missing::Inactive => "whoever is disabled, or not a member yet, sees nothing".to_owned(),
        Missing::Unpublished => "the asset is not published".to_owned(),
        Missing::Nobody => format!("its audience is {}", listed(verdict.audience.as_ref())),
        Missing::Group => {
            let own = match &verdict.user_groups {
                Some(groups) if groups.is_empty() => "no group of their own".to_owned(),
                groups => listed(groups.as_ref()),
            };
            format!("its audience is {}, and the member is in {own}", listed(verdict.audience.as_ref()))
        }
    }
}

/// What the answers leave out, in one sentence.
pub fn gaps(view: &View<'_>) -> Option<String> {
    let access = view.access;
    let mut missing = Vec::new();
    if access.people.is_none() {
        missing.push("members".to_owned());
    }
    match access.gaps.assets {
        None => missing.push("assets".to_owned()),
        Some(0) => {}
        Some(count) => missing.push(format!("who sees {}", counted(count, "asset", "assets"))),
    }
    (!missing.is_empty()).then(|| format!("Not read, and so not in here: {}.", missing.join(", ")))
}
