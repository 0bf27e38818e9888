//! Applying to several portals: all are planned and shown, one answer approves them, then one after the other is
//! applied. What stands against one portal leaves that one alone.

use std::path::PathBuf;

use anyhow::Result;

use super::{Failed, Part, Trouble, gravest, log_requests, show};
use crate::cli::{Apply, Format, Global};
use crate::commands::apply::{Prepared, Tells, approve, check_words, execute, exit, say_journal, say_unwritten};
use crate::commands::{guards, interrupt, output, plan as plan_command};
use crate::diagnostic::Sources;
use crate::exit::Exit;
use crate::render::{self, Member, text};
use crate::report::{Outcome, Report};

/// One portal, as far as it has come.
struct Course {
    name: String,
    prepared: Option<Prepared>,
    /// What stands against applying, or what ended it before its first write.
    failed: Option<Failed>,
    applied: Option<(Report, Option<PathBuf>)>,
}

impl Course {
    /// What can be applied.
    fn ready(&self) -> Option<&Prepared> {
        self.prepared.as_ref().filter(|_| self.failed.is_none())
    }

    fn member(&self) -> Member<'_> {
        Member {
            plan: self.prepared.as_ref().map(|prepared| &prepared.plan),
            report: self.applied.as_ref().map(|(report, _)| report),
            failed: self.failed.as_ref().map(|failed| &*failed.told),
        }
    }

    fn exit(&self) -> Exit {
        match (&self.failed, &self.applied) {
            (Some(failed), _) => failed.exit,
            (None, Some((report, _))) => exit(report),
            (None, None) => Exit::Done,
        }
    }

    /// Something was written, or may have been.
    fn has_written(&self) -> bool {
        let is_written =
            |outcome: &Outcome| matches!(outcome, Outcome::Applied | Outcome::Unconfirmed | Outcome::Unknown { .. });
        self.applied.as_ref().is_some_and(|(report, _)| report.results.iter().any(|result| is_written(&result.outcome)))
    }
}

/// Applies what may be applied of several portals.
pub(in crate::commands) async fn apply(
    global: &Global,
    arguments: &Apply,
    parts: Vec<Part<Prepared>>,
    sources: &Sources,
) -> Result<Exit> {
    let mut courses = Vec::with_capacity(parts.len());
    for part in parts {
        let follows = courses.iter().any(|course: &Course| course.prepared.is_some());
        courses.push(begin(global, arguments, part, sources, follows)?);
    }
    let color = output::colors_data(global);
    if global.format == Format::Human {
        let members: Vec<Member<'_>> = courses.iter().map(Course::member).collect();
        output::data(&format!("\n{}", render::fleet_human(&members, color)))?;
    }
    let names: Vec<String> = courses
        .iter()
        .filter(|course| course.ready().is_some_and(|prepared| !prepared.plan.is_empty()))
        .map(|course| format!("`{}`", text::terminal(&course.name)))
        .collect();
    if !names.is_empty() && !arguments.auto_approve {
        approve(&format!("{} of {} portals: {}", names.len(), courses.len(), names.join(", ")))?;
    }
    let mut number = 0;
    for course in &mut courses {
        let Some(prepared) = course.ready() else { continue };
        if !prepared.plan.is_empty() {
            number += 1;
            output::say(&format!("Applying to {}, {number} of {}", text::terminal(&course.name), names.len()));
        }
        match execute(global, arguments, prepared, Tells::Words).await {
            Err(error) => {
                let failed = Trouble::Other(error).among(course.name.clone(), sources);
                show::tell(global, &failed, sources);
                course.failed = Some(failed);
            }
            Ok((report, journal)) => {
                if global.format == Format::Human && !report.results.is_empty() {
                    let among = |color| render::report_among(&report, &prepared.plan, color);
                    let told = output::data(&format!("\n{}", among(color)));
                    say_unwritten(told, || among(output::colors_talk(global)));
                }
                say_journal(journal.as_deref(), exit(&report));
                course.applied = Some((report, journal));
            }
        }
    }
    log_requests(courses.iter().filter_map(|course| Some(&course.prepared.as_ref()?.connection)), "applied");
    let members: Vec<Member<'_>> = courses.iter().map(Course::member).collect();
    let told = output::data(&match global.format {
        // Nothing has happened since the plans were counted.
        Format::Human if names.is_empty() => String::new(),
        Format::Human => format!("\n{}", render::fleet_human(&members, color)),
        Format::Json => render::reports_json(&members),
        Format::Markdown | Format::Csv | Format::Html => render::fleet_markdown(&members),
    });
    say_unwritten(told, || render::fleet_human(&members, output::colors_talk(global)));
    // What was being read for a portal when somebody stopped the run may have failed for that.
    Ok(if interrupt::is_requested() { Exit::Interrupted } else { of_all(&courses) })
}

/// Shows what would be done, and what stands against it.
fn begin(
    global: &Global,
    arguments: &Apply,
    Part { name, result }: Part<Prepared>,
    sources: &Sources,
    follows: bool,
) -> Result<Course> {
    let mut course = Course { name, prepared: None, failed: None, applied: None };
    let trouble = match result {
        Err(trouble) => Some(trouble),
        Ok(prepared) => {
            let plan = &prepared.plan;
            let asks = !arguments.auto_approve && output::is_interactive();
            if global.format == Format::Human {
                show::page(global, plan, follows)?;
            } else if asks && !plan.is_empty() {
                // Whoever is asked has to see what the question is about.
                output::say(plan_command::human(global, plan).trim_end());
            }
            guards::say_violations_of(plan);
            let hindrance = guards::check(plan).and_then(|()| check_words(arguments, plan)).err();
            course.prepared = Some(prepared);
            hindrance.map(Into::into)
        }
    };
    if let Some(trouble) = trouble {
        let failed = trouble.among(course.name.clone(), sources);
        show::tell(global, &failed, sources);
        course.failed = Some(failed);
    }
    Ok(course)
}

/// How the run ends: where one portal was changed and another left alone, that is an apply in part.
fn of_all(courses: &[Course]) -> Exit {
    let exit = gravest(courses.iter().map(Course::exit));
    let leaves_alone = courses.iter().any(|course| course.failed.is_some());
    let is_in_part = leaves_alone && courses.iter().any(Course::has_written);
    if is_in_part { gravest([exit, Exit::Partial]) } else { exit }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::address::{Address, Kind};
    use crate::plan::Action;
    use crate::report::ChangeResult;

    fn course(failed: Option<Exit>, outcomes: &[&Outcome]) -> Course {
        let results = outcomes
            .iter()
            .map(|outcome| ChangeResult {
                id: "1".into(),
                address: Address::new("portal", Kind::Members, ["jane"]),
                action: Action::Update,
                outcome: (*outcome).clone(),
            })
            .collect();
        let report = Report { portal: "portal".to_owned(), emulator: false, interrupted: false, results, sent: None };
        let told = |exit| {
            let (portal, message) = ("portal".to_owned(), "no".to_owned());
            Box::new(render::Failed { portal, exit: exit as u8, message, hint: None, diagnostics: Value::Null })
        };
        Course {
            name: "portal".to_owned(),
            prepared: None,
            applied: failed.is_none().then_some((report, None)),
            failed: failed.map(|exit| Failed { exit, diagnostics: Vec::new(), told: told(exit) }),
        }
    }

    #[test]
    fn a_run_ends_as_its_gravest_portal_and_never_says_that_nothing_was_changed_if_something_was() {
        let done = || course(None, &[&Outcome::Applied]);
        let matches = || course(None, &[]);
        let already = || course(None, &[&Outcome::AlreadyDone]);
        let late = || course(None, &[&Outcome::Unconfirmed]);
        let failed = || course(None, &[&Outcome::Failed { message: "no".to_owned(), hint: None }]);
        let left = |exit| course(Some(exit), &[]);
        for (courses, expected) in [
            (vec![done(), matches()], Exit::Done),
            (vec![done(), late()], Exit::Unconfirmed),
            (vec![late(), failed()], Exit::Partial),
            (vec![matches(), left(Exit::Error)], Exit::Error),
            (vec![left(Exit::Stale), left(Exit::Refused)], Exit::Refused),
            (vec![left(Exit::Refused), left(Exit::Error)], Exit::Error),
            (vec![already(), left(Exit::Stale)], Exit::Stale),
            (vec![done(), left(Exit::Refused)], Exit::Partial),
            (vec![left(Exit::Error), late()], Exit::Partial),
        ] {
            assert_eq!(of_all(&courses), expected);
        }
        let mut interrupted = failed();
        if let Some((report, _)) = &mut interrupted.applied {
            report.interrupted = true;
        }
        assert_eq!(of_all(&[done(), interrupted, left(Exit::Error)]), Exit::Interrupted);
    }
}
