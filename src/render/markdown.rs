//! A plan as a comment on a pull request: a headline, then what folds away.
//!
//! Details stand in fenced blocks, where a forge links and notifies nobody. A comment that would be too long loses
//! the ends of its longest sections and says so.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::access;
use super::body::{self, counted};
use super::grouping::sections;
use super::held;
use super::names::Names;
use super::page::{Block, Line, Style, marker};
use super::text;
use super::wording;
use crate::address::Kind;
use crate::plan::file::digest;
use crate::plan::{NoticeLevel, Plan};

/// What GitHub takes as one comment is 65,536; the rest is for what a pipeline says itself. Counted in UTF-16 units,
/// which are never fewer than characters.
pub(super) const LIMIT: usize = 65_000;

/// What lists outside of folded sections may take.
const LISTS: usize = 8_000;

/// Shows what changes for whom, what guards say, the changes by kind, and what is left alone.
pub fn plan_markdown(plan: &Plan) -> String {
    // What promoting would change is another comment than the plan of that portal.
    let mark = mark(if plan.promotes.is_some() { "promote" } else { "plan" }, &plan.portal);
    let body = plan_markdown_within(plan, LIMIT - units(&mark));
    mark + &body
}

/// The same in less room, where there is more to show beside it.
pub(super) fn plan_markdown_within(plan: &Plan, limit: usize) -> String {
    let names = Names::of(plan);
    let mut comment = Comment::new(plan.target.portal.emulator, &wording::summary(plan)).within(limit);
    comment.headline(plan, &names);
    comment.paragraph(&wording::portal(plan));
    if let Some(origins) = wording::origins(plan) {
        comment.paragraph(&Line::at(0).plain(origins));
    }
    comment.lead(plan);
    comment.parts(plan, &names);
    comment.list("", wording::forecast(plan).as_deref());
    comment.end(plan);
    comment.finish("the whole plan is in the output of the job, and in `--format html` and `--format json`")
}

/// A first line that nobody sees, by which a bot finds the comment that it replaces. Different names stay different,
/// unless they are longer than any.
pub(super) fn mark(what: &str, portal: &str) -> String {
    // Two dashes would end what nobody sees.
    let mut name = utf8_percent_encode(portal, NAME).to_string().replace("--", "-%2D");
    name.truncate(500);
    format!("<!-- aehctl {what}: {name} -->\n")
}

/// What stands in a mark as it is.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

const fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::UserGroups => "User groups",
        Kind::IdpMappings => "Mappings",
        Kind::Assets => "Assets",
        Kind::Members => "Members",
        Kind::Prospects => "Pending sign-ups",
    }
}

/// A text in the making for a forge, never above [`LIMIT`].
#[derive(Debug)]
pub(super) struct Comment {
    limit: usize,
    head: String,
    sections: Vec<Folded>,
    lists: Vec<String>,
    /// What lists may still take.
    room: usize,
}

/// A section that folds away.
#[derive(Debug)]
struct Folded {
    opening: String,
    /// As many as could possibly be shown.
    blocks: Vec<String>,
    /// What these take.
    size: usize,
    /// How many there are in all.
    total: usize,
}

const CLOSING: &str = "```\n\n</details>\n";

/// The longest note on what a section leaves out.
const NOTE: usize = 400;

impl Comment {
    pub(super) fn new(emulator: bool, title: &str) -> Self {
        Self {
            limit: LIMIT,
            head: format!("## {}{}\n", wording::emulator_mark(emulator), text::markdown(title)),
            sections: Vec::new(),
            lists: Vec::new(),
            room: LISTS,
        }
    }

    /// In less room than a forge gives.
    pub(super) fn within(self, limit: usize) -> Self {
        Self { limit, room: LISTS.min(limit / 8), ..self }
    }

    /// Who gains and who loses sight of what, if that was analysed.
    pub(super) fn headline(&mut self, plan: &Plan, names: &Names) {
        if let Some(headline) = access::headline(plan, names) {
            self.paragraph(&Line::at(0).styled(Style::Strong, headline));
        }
    }

    /// What nobody may overlook: guards, warnings, and what the headline does not say.
    pub(super) fn lead(&mut self, plan: &Plan) {
        let refusals: Vec<String> = plan.guards.violations.iter().map(ToString::to_string).collect();
        self.list("**Refused:** ", refusals.iter().map(String::as_str));
        self.list("**Warning:** ", wording::warnings(plan).iter().map(AsRef::as_ref));
        self.list("", access::remarks(plan).iter().map(String::as_str));
    }

    /// What there is to unfold of a plan, in the order in which it matters to a reviewer.
    pub(super) fn parts(&mut self, plan: &Plan, names: &Names) {
        self.held(plan);
        let causes = access::causes(plan, names, true);
        if !causes.is_empty() {
            self.section("Visibility by cause", true, &causes);
        }
        let versions = access::by_version(plan, names);
        if !versions.is_empty() {
            let title = format!("Visibility by version: {}", counted(versions.len(), "version", "versions"));
            self.section(&title, false, &versions);
        }
        for section in sections(plan, names) {
            let title = format!("{}: {}", title(section.kind), counted(section.size, "change", "changes"));
            self.section(&title, true, &body::blocks(&section, plan, false));
        }
        self.list("Note: ", wording::notices(plan, NoticeLevel::Note));
        for (sentence, addresses) in wording::spared(plan, names) {
            if addresses.is_empty() {
                self.list("", [format!("{sentence}.").as_str()]);
            } else {
                self.section(&sentence, false, &addresses.into_iter().map(|line| vec![line]).collect::<Vec<_>>());
            }
        }
        let waiting = wording::waiting(plan);
        if waiting.len() > 0 {
            let title = format!("Waiting: {}", counted(waiting.len(), Kind::Members.noun(1), Kind::Members.noun(2)));
            self.section(&title, false, &waiting.map(|line| vec![line]).collect::<Vec<_>>());
        }
    }

    /// By what these changes are told from any others.
    pub(super) fn end(&mut self, plan: &Plan) {
        if !plan.is_empty() && plan.promotes.is_none() {
            self.list("", [format!("Digest of these changes: {}", digest(plan)).as_str()]);
        }
    }

    pub(super) fn paragraph(&mut self, line: &Line<'_>) {
        self.head.push('\n');
        for (index, span) in line.spans.iter().enumerate() {
            // A space between spans stays one; at the beginning of the paragraph it is escaped.
            let (space, rest) = match span.text.strip_prefix(' ') {
                Some(rest) if index > 0 => (" ", rest),
                _ => ("", &*span.text),
            };
            let escaped = text::markdown(rest);
            match span.style {
                Style::Strong => self.head.extend([space, "**", &escaped, "**"]),
                _ => self.head.extend([space, &escaped]),
            }
        }
        self.head.push('\n');
    }

    /// A list before the sections if there is none yet, after them otherwise.
    pub(super) fn list<'a>(&mut self, prefix: &str, items: impl IntoIterator<Item = &'a str>) {
        let mut list = String::new();
        let mut left_out = 0;
        for item in items {
            let item = format!("- {prefix}{}\n", text::markdown(&text::shortened(item, 1_000)));
            let size = units(&item);
            if size > self.room {
                left_out += 1;
                continue;
            }
            self.room -= size;
            list.push_str(&item);
        }
        if left_out > 0 {
            list.extend(["- … and ", &left_out.to_string(), " more\n"]);
        }
        if list.is_empty() {
            return;
        }
        if self.sections.is_empty() {
            self.head.push('\n');
            self.head.push_str(&list);
        } else {
            self.lists.push(list);
        }
    }

    /// A section under a title of our own words.
    pub(super) fn section(&mut self, title: &str, open: bool, blocks: &[Block<'_>]) {
        let open = if open { " open" } else { "" };
        let mut folded = Folded {
            opening: format!("\n<details{open}>\n<summary>{}</summary>\n\n```diff\n", text::html(title)),
            blocks: Vec::new(),
            size: 0,
            total: blocks.len(),
        };
        for block in blocks {
            if folded.size > self.limit {
                break;
            }
            let block = fenced_block(block);
            let size = units(&block);
            if size <= self.limit / 2 {
                folded.size += size;
                folded.blocks.push(block);
            }
        }
        self.sections.push(folded);
    }

    /// A section with what is left out, if there is anything.
    fn held(&mut self, plan: &Plan) {
        let blocks = held::blocks(plan, false);
        if !blocks.is_empty() {
            let title = format!("Held: {}. {}", counted(blocks.len(), "change", "changes"), held::ADVICE);
            self.section(&title, true, &blocks);
        }
    }

    /// The text; `elsewhere` says in our own words where the rest is if there is any.
    pub(super) fn finish(self, elsewhere: &str) -> String {
        let Self { limit, head, sections, lists, room: _ } = self;
        let lists = if lists.is_empty() { String::new() } else { format!("\n{}", lists.concat()) };
        let fixed: usize = sections.iter().map(|section| units(&section.opening) + CLOSING.len() + NOTE).sum();
        let room = limit.saturating_sub(units(&head) + units(&lists) + fixed);
        let mut text = head;
        let sizes: Vec<usize> = sections.iter().map(|section| section.size).collect();
        for (section, share) in sections.iter().zip(shares(&sizes, room)) {
            text.push_str(&section.opening);
            let shown = push_blocks(&mut text, &section.blocks, share);
            text.push_str(CLOSING);
            if shown < section.total {
                let left_out = counted(section.total - shown, "entry", "entries");
                text.extend(["\n*", &left_out, " not shown for want of room: ", elsewhere, ".*\n"]);
            }
        }
        text.push_str(&lists);
        text
    }
}

/// Adds blocks as long as there is room and returns their number. One that fills half of it alone is left out, so
/// that it hides no other.
fn push_blocks(text: &mut String, blocks: &[String], share: usize) -> usize {
    let mut left = share;
    let mut shown = 0;
    for block in blocks {
        let size = units(block);
        if size > left {
            if size > share / 2 {
                continue;
            }
            break;
        }
        left -= size;
        text.push_str(block);
        shown += 1;
    }
    shown
}

/// Shares the room: small sections get what they need, large ones the same each.
pub(super) fn shares(sizes: &[usize], mut room: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|index| sizes[*index]);
    let mut shares = vec![0; sizes.len()];
    for (position, index) in order.iter().enumerate() {
        let share = sizes[*index].min(room / (order.len() - position));
        shares[*index] = share;
        room -= share;
    }
    shares
}

/// Lines for a `diff` block: signs come first, and `!` is the one that such blocks colour for what changes.
fn fenced_block(block: &Block<'_>) -> String {
    let mut text = String::new();
    for line in block {
        let sign = match line.marker {
            None => " ",
            Some(Style::Changed) => "!",
            Some(style) => marker(style),
        };
        let mut written = format!("{sign} {}", " ".repeat(line.indent));
        for span in &line.spans {
            written.push_str(&text::fenced(&span.text));
        }
        text.push_str(written.trim_end());
        text.push('\n');
    }
    text
}

pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_its_mark() {
        assert_eq!(mark("plan", "developer-portal"), "<!-- aehctl plan: developer-portal -->\n");
        assert_eq!(mark("apply", "a-->\n@everyone ü"), "<!-- aehctl apply: a-%2D%3E%0A%40everyone%20%C3%BC -->\n");
        assert_eq!(mark("plan", "a---b"), "<!-- aehctl plan: a-%2D-b -->\n");
        assert_eq!(mark("plan", &"x".repeat(2_000)).len(), 500 + mark("plan", "").len());
    }
}
