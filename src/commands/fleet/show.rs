//! What a run says of several portals: each in its place, what is wrong on standard error, and a summary of all.

use anyhow::Result;

use super::{Failed, Part};
use crate::cli::{Format, Global};
use crate::commands::{self, context, guards, output, plan as plan_command};
use crate::diagnostic::Sources;
use crate::plan::Plan;
use crate::render::{self, Member};

/// Says why nothing came of a portal.
pub(in crate::commands) fn tell(global: &Global, failed: &Failed, sources: &Sources) {
    let Failed { exit: _, diagnostics, told } = failed;
    context::show(global, diagnostics, sources);
    commands::tell(global, &format!("{}: {}", told.portal, told.message), told.hint.as_deref());
}

/// Shows each plan in its place, or what is wrong; gives the portals without a plan what is told of them.
pub(in crate::commands) fn plans(
    global: &Global,
    parts: Vec<Part<Plan>>,
    sources: &Sources,
) -> Result<Vec<Result<Plan, Failed>>> {
    let judged: Vec<Result<Plan, Failed>> =
        parts.into_iter().map(|Part { name, result }| result.map_err(|trouble| trouble.among(name, sources))).collect();
    let mut follows = false;
    for part in &judged {
        match part {
            Ok(plan) => {
                if global.format == Format::Human {
                    page(global, plan, std::mem::replace(&mut follows, true))?;
                }
                guards::say_violations_of(plan);
            }
            Err(failed) => tell(global, failed, sources),
        }
    }
    let members: Vec<Member<'_>> = judged.iter().map(member).collect();
    output::data(&match global.format {
        Format::Human => {
            let gap = if follows { "\n" } else { "" };
            format!("{gap}{}", render::fleet_human(&members, output::colors_data(global)))
        }
        Format::Json => render::plans_json(&members),
        Format::Markdown | Format::Csv | Format::Html => render::fleet_markdown(&members),
    })?;
    Ok(judged)
}

/// One plan among others.
pub(super) fn page(global: &Global, plan: &Plan, follows: bool) -> Result<()> {
    let gap = if follows { "\n" } else { "" };
    output::data(&format!("{gap}{}", plan_command::human(global, plan)))
}

fn member(part: &Result<Plan, Failed>) -> Member<'_> {
    match part {
        Ok(plan) => Member { plan: Some(plan), ..Member::default() },
        Err(failed) => Member { failed: Some(&failed.told), ..Member::default() },
    }
}
