//! `apply`

use std::collections::BTreeSet;
use std::io::BufRead as _;
use std::path::Path;

use anyhow::Result;

use super::{block_on, context, interrupt, output, plan as plan_command, show};
use crate::apply::{self, Stale, Watch, apply, stale};
use crate::cli::{Apply, Format, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::guard;
use crate::kinds::session::{Patience, Session};
use crate::observe::{Scope, locate};
use crate::plan::{self, Allow, Change, Plan};
use crate::render::{self, progress::Progress};
use crate::report::{Outcome, Report};

pub(super) fn run(global: &Global, arguments: &Apply) -> Result<Exit> {
    let saved = arguments.plan.as_deref().map(|path| Ok::<_, anyhow::Error>((path, show::read(path)?))).transpose()?;
    block_on(async {
        let (connection, plan, saved) = match saved {
            Some((path, plan)) => {
                let connection = context::connect_to(global, &plan).await?;
                locate(&connection.client.reader(), &connection.target).await?;
                (connection, plan, Some(path))
            }
            None => {
                let (manifest, sources) = context::load_one(global, &arguments.files)?;
                let connection = context::connect_for(global, &manifest).await?;
                let live = context::observe_for(global, &connection, Scope::Manifest(&manifest)).await?;
                let plan = plan::make(&manifest, &live, BTreeSet::new(), false)
                    .map_err(|failure| context::unresolved(global, failure, &sources))?;
                (connection, plan, None)
            }
        };
        if global.format == Format::Human {
            output::data(&plan_command::human(global, &plan))?;
        }
        let given: BTreeSet<Allow> = arguments.allow.iter().copied().collect();
        if !plan.is_empty() {
            approve(arguments, &plan, &given)?;
        }
        let interrupt = interrupt::gracefully();
        let session =
            Session::new(connection.client.reader(), connection.client.writer(), &plan, Patience::default());
        let parallelism = usize::from(global.parallelism);
        if let Some(path) = saved {
            refuse_stale(&session, &plan, path, parallelism, output::colors_talk(global)).await?;
        }
        let progress = Progress::new(&plan, output::is_terminal(), output::colors_talk(global));
        let watch = Watched(&progress);
        let report = apply(&session, &plan, &apply::Options { parallelism, interrupt, watch: &watch }).await;
        progress.end();
        context::log_requests(&connection.client, "applied");
        output::data(&match global.format {
            Format::Human if plan.is_empty() => String::new(),
            Format::Human => render::report_human(&report, &plan, output::colors_data(global)),
            Format::Json => render::report_json(&report, &plan),
            Format::Markdown => format!("{}\n{}", render::plan_markdown(&plan), render::report_markdown(&report, &plan)),
        })?;
        Ok(exit(&report))
    })
}

fn exit(report: &Report) -> Exit {
    if report.interrupted {
        Exit::Interrupted
    } else if !report.is_complete() {
        Exit::Partial
    } else if report.has_unconfirmed() {
        Exit::Unconfirmed
    } else {
        Exit::Done
    }
}

/// Whoever sits there is asked; without anyone, the words must have been given.
fn approve(arguments: &Apply, plan: &Plan, given: &BTreeSet<Allow>) -> Result<()> {
    if arguments.auto_approve {
        let missing = guard::missing_words(plan, given);
        if missing.is_empty() {
            return Ok(());
        }
        let words = missing.iter().map(|missing| missing.word.to_string()).collect::<Vec<_>>().join(",");
        let lines: Vec<String> = missing
            .iter()
            .map(|missing| {
                let count = missing.addresses.len();
                let first = missing.addresses.first().map(|address| address.name()).unwrap_or_default();
                let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
                format!("`{}` for {first}{more}", missing.word)
            })
            .collect();
        return Err(Failure::with_exit(
            Exit::Refused,
            format!("the plan does what needs an explicit word: {}", lines.join("; ")),
        )
        .hint(format!("nothing was changed; if this is meant, add --allow {words}"))
        .into());
    }
    if !output::is_interactive() {
        return Err(Failure::with_exit(Exit::Refused, "nobody can be asked: there is no terminal")
            .hint("nothing was changed; review the plan, then add --auto-approve")
            .into());
    }
    output::say(&format!(
        "\nApply these changes to `{}`? Only `yes` is taken as one: ",
        render::text::terminal(&plan.target.portal.name)
    ));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() != "yes" {
        return Err(Failure::with_exit(Exit::Refused, "not approved; nothing was changed").into());
    }
    Ok(())
}

/// A saved plan whose objects have changed since is not begun.
async fn refuse_stale(session: &Session, plan: &Plan, path: &Path, parallelism: usize, color: bool) -> Result<()> {
    let stale = stale(session, plan, parallelism).await;
    if stale.is_empty() {
        return Ok(());
    }
    let count = stale.len();
    let results = stale.into_iter().map(Stale::into_result).collect();
    output::say(render::stale_human(results, plan, color).trim_end());
    Err(Failure::with_exit(
        Exit::Stale,
        format!(
            "{} is stale: {} of its {} changes no longer fit the portal; nothing was changed",
            path.display(),
            count,
            plan.changes.len()
        ),
    )
    .hint("plan again, and review what is different")
    .into())
}

/// Shows how an apply gets on.
struct Watched<'p>(&'p Progress);

impl Watch for Watched<'_> {
    fn started(&self, change: &Change) {
        self.0.started(change);
    }

    fn finished(&self, change: &Change, outcome: &Outcome) {
        self.0.finished(change, outcome);
    }
}
