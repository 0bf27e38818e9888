//! Whether an object still is what a plan saw. Pure.
//!
//! A precondition covers the fields that a change owns. What else happens in the portal does not matter.

use serde_json::Value;

use crate::directory::Directory;
use crate::kinds::Fields;
use crate::plan::{Action, Change};
use crate::report::{Mismatch, Outcome};

/// What a fresh read says about a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// As the plan saw it, or begun by this very change: write.
    Write,
    /// As the plan wants it already.
    Done,
    /// Neither: hands off.
    Refuse(Vec<Mismatch>),
    /// What should be updated is not there any more.
    Gone,
    /// The portal is in a state in which nothing can be said or done: several objects of one name, say.
    Impossible { message: String, hint: &'static str },
}

impl Check {
    /// The outcome where nothing is to be written.
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Write => None,
            Self::Done => Some(Outcome::AlreadyDone),
            Self::Refuse(mismatches) => Some(Outcome::Refused { mismatches }),
            Self::Gone => Some(Outcome::Failed {
                message: "it is gone from the portal since the plan was made".to_owned(),
                hint: Some("plan again".to_owned()),
            }),
            Self::Impossible { message, hint } => Some(Outcome::Failed { message, hint: Some(hint.to_owned()) }),
        }
    }
}

/// Compares the fields of an object, `None` where it does not exist, with what a change saw and wants.
///
/// `later` is what a later change of the same object wants: a field that has it already is done.
pub fn check(change: &Change, live: Option<&Fields>, later: Option<&Fields>, directory: &Directory) -> Check {
    let null = Value::Null;
    let kept = Kept { change, directory };
    match (change.action(), live) {
        (Action::Create, None) => Check::Write,
        (Action::Create, Some(live)) => {
            let after = change.edit.fields_after();
            refuse_or(
                Check::Done,
                mismatches(after.iter().map(|(path, after)| (path, &null, after)), live, |path, live| {
                    kept.equal(path, live, &after[path])
                }),
            )
        }
        (Action::Update, None) => Check::Gone,
        (Action::Update, Some(live)) => {
            let value = |path: &str| live.get(path).unwrap_or(&null);
            let done = |path: &str, after: &Value| {
                kept.equal(path, value(path), after)
                    || later.is_some_and(|later| kept.equal(path, value(path), later.get(path).unwrap_or(&null)))
            };
            if change.fields.iter().all(|field| done(&field.path, &field.after)) {
                return Check::Done;
            }
            let mismatches: Vec<Mismatch> = change
                .fields
                .iter()
                .filter(|field| {
                    !kept.equal(&field.path, value(&field.path), &field.before) && !done(&field.path, &field.after)
                })
                .map(|field| Mismatch {
                    path: field.path.clone(),
                    before: field.before.clone(),
                    after: field.after.clone(),
                    live: value(&field.path).clone(),
                })
                .collect();
            refuse_or(Check::Write, mismatches)
        }
        (Action::Delete | Action::Approve | Action::Reject, None) => Check::Done,
        (Action::Delete | Action::Approve | Action::Reject, Some(live)) => {
            let before = change.edit.fields_before();
            refuse_or(
                Check::Write,
                mismatches(before.iter().map(|(path, before)| (path, before, &null)), live, |path, live| {
                    kept.equal(path, live, &before[path])
                }),
            )
        }
    }
}

fn refuse_or(otherwise: Check, mismatches: Vec<Mismatch>) -> Check {
    if mismatches.is_empty() { otherwise } else { Check::Refuse(mismatches) }
}

fn mismatches<'f>(
    wanted: impl Iterator<Item = (&'f String, &'f Value, &'f Value)>,
    live: &Fields,
    equal: impl Fn(&str, &Value) -> bool,
) -> Vec<Mismatch> {
    wanted
        .map(|(path, before, after)| {
            let live = live.get(path).cloned().unwrap_or_default();
            Mismatch { path: path.clone(), before: before.clone(), after: after.clone(), live }
        })
        .filter(|mismatch| !equal(&mismatch.path, &mismatch.live))
        .collect()
}

/// What is kept wherever it stands and is no difference: administrators in audiences, built-ins of a member.
struct Kept<'a> {
    change: &'a Change,
    directory: &'a Directory,
}

impl Kept<'_> {
    fn equal(&self, path: &str, a: &Value, b: &Value) -> bool {
        a == b || (a.is_array() && b.is_array() && self.rest(path, a) == self.rest(path, b))
    }

    /// The names of a set without those that are kept anyway and that the change does not touch itself.
    fn rest<'v>(&self, path: &str, names: &'v Value) -> Vec<&'v str> {
        let touched = self.change.fields.iter().find(|field| field.path == path);
        let is_touched = |name: &str| {
            touched.is_some_and(|field| {
                let has = |value: &Value| value.as_array().is_some_and(|names| names.iter().any(|other| other == name));
                has(&field.before) != has(&field.after)
            })
        };
        let is_kept = |name: &str| {
            let flags = self.directory.flags_of(&name.into());
            flags.is_admin || (path == "userGroups" && (flags.is_default || flags.is_public))
        };
        names
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .filter(|name| is_touched(name) || !is_kept(name))
            .collect()
    }
}
