//! Plans and reports in words, for terminals, pull requests and scripts: from the data alone.
//!
//! Decides nothing, reads nothing and knows no client. What both people and pull requests read is made once, as
//! blocks of lines (`body`, `report`), and placed by each medium; all text passes [`text`] on its way out.

mod access;
mod annotations;
mod body;
mod fields;
mod fleet;
mod grouping;
mod held;
mod html;
mod human;
mod json;
mod markdown;
mod names;
mod page;
pub mod progress;
mod report;
pub mod table;
pub mod text;
pub mod view;
mod wording;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use crate::address::Address;
use crate::plan::Plan;

pub use annotations::{Annotation, Place, github as annotations_github, gitlab as annotations_gitlab};
pub use fleet::{Failed, Member, fleet_human, fleet_markdown, plans_json, report_among, reports_json};
pub use html::plan_html;
pub use human::{PlanOptions, plan_human};
pub use json::{plan_json, pretty, report_json, stale_json};
pub use markdown::plan_markdown;
pub use report::{report_human, report_markdown, stale_human};

/// What an object of a plan is called in a sentence: `Finance/payment-api`.
pub fn name(plan: &Plan, address: &Address) -> String {
    names::Names::of(plan).name(address)
}
