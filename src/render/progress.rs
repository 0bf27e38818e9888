//! What an apply is doing: a bar on a terminal, a line for each change elsewhere. Both go to standard error.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};

use super::names::Names;
use super::page::{Style, marker};
use super::text;
use crate::plan::{Change, Plan};
use crate::report::Outcome;

/// Shows the changes of one plan as they begin and end; shared by those who make them.
pub struct Progress {
    names: Names,
    total: usize,
    color: bool,
    display: Mutex<Display>,
}

enum Display {
    Bar(ProgressBar),
    Lines { finished: usize, output: Box<dyn Write + Send> },
}

impl Progress {
    /// `terminal`: standard error is one.
    pub fn new(plan: &Plan, terminal: bool, color: bool) -> Self {
        if terminal {
            Self::with(plan, color, Display::Bar(bar(plan.changes.len(), color)))
        } else {
            Self::lines_to(plan, color, Box::new(io::stderr()))
        }
    }

    /// A line for each change that ends. A closed output is no error.
    pub fn lines_to(plan: &Plan, color: bool, output: Box<dyn Write + Send>) -> Self {
        Self::with(plan, color, Display::Lines { finished: 0, output })
    }

    fn with(plan: &Plan, color: bool, display: Display) -> Self {
        Self { names: Names::of(plan), total: plan.changes.len(), color, display: Mutex::new(display) }
    }

    pub fn started(&self, change: &Change) {
        if let Display::Bar(bar) = &*self.display() {
            bar.set_message(self.line(change, None));
        }
    }

    pub fn finished(&self, change: &Change, outcome: &Outcome) {
        let line = self.line(change, Some(outcome));
        match &mut *self.display() {
            Display::Bar(bar) => {
                if !matches!(outcome, Outcome::Applied | Outcome::AlreadyDone) {
                    bar.println(line);
                }
                bar.inc(1);
            }
            Display::Lines { finished, output } => {
                *finished += 1;
                // Nobody is left to tell if this fails, and the change itself has ended.
                drop(writeln!(output, "[{finished}/{}] {line}", self.total).and_then(|()| output.flush()));
            }
        }
    }

    /// What a change is called here.
    pub fn label(&self, change: &Change) -> String {
        self.line(change, None)
    }

    /// Clears the bar: the report follows.
    pub fn end(&self) {
        if let Display::Bar(bar) = &*self.display() {
            bar.finish_and_clear();
        }
    }

    /// `~ assets/Finance/payment-api: written`
    fn line(&self, change: &Change, outcome: Option<&Outcome>) -> String {
        let style = Style::of(change.action());
        let mut line = style.paint(marker(style), self.color);
        line.push(' ');
        line.push_str(&text::terminal(&self.names.label(&change.address)));
        if let Some(outcome) = outcome {
            let (style, word) = word(outcome);
            line.push_str(": ");
            line.push_str(&style.paint(word, self.color));
        }
        line
    }

    /// A panic elsewhere must not end the display as well.
    fn display(&self) -> MutexGuard<'_, Display> {
        self.display.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bar(total: usize, color: bool) -> ProgressBar {
    let template = if color { "{bar:30.green} {pos}/{len} {wide_msg}" } else { "{bar:30} {pos}/{len} {wide_msg}" };
    let style = ProgressStyle::with_template(template).expect("the template is well-formed").progress_chars("=> ");
    ProgressBar::new(total as u64).with_style(style)
}

fn word(outcome: &Outcome) -> (Style, &'static str) {
    match outcome {
        // Whether the portal shows it is for the report to say.
        Outcome::Applied => (Style::Plain, "written"),
        Outcome::AlreadyDone => (Style::Plain, "done already"),
        Outcome::Unconfirmed => (Style::Changed, "unconfirmed"),
        Outcome::Failed { .. } => (Style::Removed, "failed"),
        Outcome::Refused { .. } => (Style::Removed, "refused"),
        Outcome::Skipped { .. } => (Style::Changed, "skipped"),
        Outcome::Unknown { .. } => (Style::Changed, "unknown"),
    }
}
