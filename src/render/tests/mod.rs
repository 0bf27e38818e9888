//! What plans and reports look like, and that nothing in a portal speaks in them.

mod hostile;
mod html;
mod outcomes;
mod plans;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use super::progress::Progress;
use super::samples::{Sample, asset, group, member};
use super::table::Table;
use super::{PlanOptions, plan_human};
use crate::address::Kind;
use crate::manifest::model::Instances;
use crate::plan::{Allow, NoticeLevel, Phase, Plan};
use crate::report::Outcome;

fn human(plan: &Plan) -> String {
    plan_human(plan, &PlanOptions::default())
}

/// One change of each sort.
fn varied() -> Plan {
    let public = Some(Instances::Public);
    Sample::new()
        .group_created("Partner Zephyr", Some("system:members"))
        .group_updated(
            group("Premium", Some("Pays more"), None),
            group("Gold Tier", Some("Pays more.\nGets more."), None),
            Some("formerly Premium"),
        )
        .asset_deleted("old-api")
        .asset_updated(
            Phase::Narrow,
            "split-api",
            asset(public, &[("v1", &["A", "B"])]),
            asset(public, &[("v1", &["A"])]),
        )
        .mapping_created("Gold Tier", "okta", "cn=gold,ou=tiers")
        .member_updated(
            "jane@example.com",
            member(&["API Developers", "Gold Tier"], false),
            member(&["API Developers", "Partner Zephyr"], true),
        )
        .approved("zoe", "zoe@partner.example", &["Gold Tier"])
        .rejected("bob@spam.example", "bob@spam.example")
        .asset_created("payment-api", &[("*", &[]), ("v1", &["Gold Tier"])])
        .caused_by("versions.v1", "audience:payments")
        .asset_updated(
            Phase::Widen,
            "odd-api",
            asset(Some(Instances::Custom), &[("v1", &["A", "B", "C", "D", "E", "F"])]),
            asset(public, &[("v1", &["A", "B", "C", "D", "E", "F", "G"]), ("v2", &["A"])]),
        )
        .asset_updated(
            Phase::Widen,
            "split-api",
            asset(public, &[("v1", &["A"])]),
            asset(public, &[("v1", &["A", "C"])]),
        )
        .group_deleted("Partner Gone")
        .notice(NoticeLevel::Warning, "publishing opens a short window")
        .notice(NoticeLevel::Note, "1 asset changes in two steps")
        .unmanaged(Kind::Assets, 14, &[])
        .unmanaged(Kind::UserGroups, 1, &[&["Legacy"]])
        .unmanaged(Kind::Members, 0, &[])
        .waiting("new@example.com")
        .with(|plan| plan.allow = [Allow::Delete].into())
        .plan()
}

/// Assets whose two versions get a partner, of which every third changes in other ways too.
fn partner(count: usize) -> Plan {
    let mut sample = Sample::new();
    for index in 0..count {
        let name = format!("api-{index:02}");
        let instances = if index % 3 == 0 { Instances::All } else { Instances::Public };
        let before: [(&str, &[&str]); 3] = [("v1", &["Gold", "Old"]), ("v2", &["Old"]), ("v3", &["Gold"])];
        let after: [(&str, &[&str]); 3] = [("v1", &["Gold", "Zephyr"]), ("v2", &["Zephyr"]), ("v3", &["Gold"])];
        sample = sample
            .asset_updated(Phase::Widen, &name, asset(Some(Instances::Public), &before), asset(Some(instances), &after))
            .caused_by("versions.v1", "audience:payments")
            .caused_by("versions.v2", "audience:payments");
    }
    sample.plan()
}

#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn progress(plan: &Plan, color: bool) -> String {
    let output = Output::default();
    let progress = Progress::lines_to(plan, color, Box::new(output.clone()));
    for change in &plan.changes {
        progress.started(change);
        progress.finished(change, &Outcome::Applied);
    }
    progress.end();
    let bytes = output.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn table(text: &str) -> Table {
    let mut table = Table::new(["NAME", "ID"]);
    table.row([text, "1"]).row(["Gold Tier", text]);
    table
}
