//! A plan as one page for a browser: who sees what before and after, and every change.
//!
//! The page holds all that it needs and asks the network for nothing: its policy allows its own style sheet and its own
//! script, by their digests, and nothing else. What is long is data; the script shows the part of it that is looked
//! at, and whoever runs no script reads the beginning of each list.

mod changes;
mod matrix;
mod written;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use self::changes::Item;
use self::matrix::Matrix;
use self::written::{push_line, push_spans};
use super::body::{LISTED, counted, rest};
use super::held;
use super::names::Names;
use super::page::{Block, Line, Style};
use super::wording;
use super::{access, text};
use crate::plan::file::digest;
use crate::plan::{NoticeLevel, Phase, Plan, Summary};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// What the script needs to show the matrix, and the list of changes.
const MATRIX_TOOLS: &str = include_str!("matrix.html");
const CHANGE_TOOLS: &str = include_str!("changes.html");

/// As much of a list is there without the script.
const FIRST: usize = 200;

/// As many entries of a list that only names things are written.
const NAMED: usize = 1_000;

/// Shows everything that a reviewer asks of a plan.
pub fn plan_html(plan: &Plan) -> String {
    let names = Names::of(plan);
    let matrix = plan.access.as_ref().map(|access| Matrix::of(plan, access, &names));
    let mut page = Page::default();
    page.head(plan);
    page.header(plan, &names);
    page.raw("<main id=\"content\" tabindex=\"-1\">\n");
    page.alerts(plan);
    page.visibility(plan, &names, matrix.as_ref());
    page.changes(plan, &names);
    page.rest(plan, &names);
    page.raw("</main>\n");
    let data = Data { matrix, changes: changes::items(plan, &names), phases: Phase::ALL.map(changes::phase_title) };
    page.finish(&data)
}

/// What the script reads.
#[derive(Serialize)]
struct Data {
    matrix: Option<Matrix>,
    changes: Vec<Item>,
    phases: [&'static str; 5],
}

/// HTML in the making.
#[derive(Default)]
struct Page {
    html: String,
}

impl Page {
    /// Our own words.
    fn raw(&mut self, html: &str) {
        self.html.push_str(html);
    }

    /// An element with a text in it.
    fn element(&mut self, name: &str, class: &str, text: &str) {
        self.html.extend(["<", name, " class=\"", class, "\">", &text::html(text), "</", name, ">\n"]);
    }

    fn head(&mut self, plan: &Plan) {
        let policy = format!(
            "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
            source(STYLE),
            source(SCRIPT)
        );
        let title = format!("{}{}", wording::emulator_mark(plan.target.portal.emulator), plan.portal);
        let title = format!("{} – plan", text::shortened(&title, 100));
        self.html.extend([
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"",
            &policy,
            "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>",
            &text::html(&title),
            "</title>\n<style>",
            STYLE,
            "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#content\">Skip to the plan</a>\n",
        ]);
    }

    fn header(&mut self, plan: &Plan, names: &Names) {
        self.raw("<header>\n<p class=\"portal\">");
        push_spans(&mut self.html, &wording::portal(plan));
        self.raw("</p>\n");
        let mark = wording::emulator_mark(plan.target.portal.emulator).trim();
        if !mark.is_empty() {
            self.element("p", "badge", mark);
        }
        let summary = wording::summary(plan);
        match access::headline(plan, names) {
            Some(headline) => {
                self.element("h1", "headline", &headline);
                self.element("p", "summary", &summary);
            }
            None => self.element("h1", "headline", &summary),
        }
        if let Some(origins) = wording::origins(plan) {
            self.element("p", "summary", &origins);
        }
        self.tiles(plan);
        self.raw("</header>\n");
    }

    /// The numbers that are looked for first.
    fn tiles(&mut self, plan: &Plan) {
        let Summary { add, change, delete } = plan.summary;
        let mut tiles =
            vec![("added", add, "to add"), ("changed", change, "to change"), ("removed", delete, "to delete")];
        if let Some(access) = &plan.access {
            tiles.push(("added", access.effect.gains.members, "members see more"));
            tiles.push(("removed", access.effect.losses.members, "members see less"));
            tiles.push(("changed", access.effect.gains.public, "become public"));
        }
        if !plan.held.is_empty() {
            tiles.push(("changed", held::count(plan), "held"));
        }
        self.raw("<ul class=\"tiles\">\n");
        for (class, number, label) in tiles {
            let class = if number == 0 { "none" } else { class };
            self.html.extend([
                "<li><strong class=\"",
                class,
                "\">",
                &number.to_string(),
                "</strong> ",
                label,
                "</li>\n",
            ]);
        }
        self.raw("</ul>\n");
    }

    /// What must not be overlooked.
    fn alerts(&mut self, plan: &Plan) {
        let refusals: Vec<String> = plan.guards.violations.iter().map(ToString::to_string).collect();
        self.alert("refused", "Refused by guards", refusals.iter().map(String::as_str));
        self.alert("warning", "Warnings", wording::warnings(plan).iter().map(AsRef::as_ref));
        let blocks = held::blocks(plan, true);
        if !blocks.is_empty() {
            self.raw("<section class=\"card alert warning\" aria-labelledby=\"held\">\n");
            self.raw("<h2 id=\"held\">Held</h2>\n");
            self.element("p", "lead", held::LEAD);
            self.blocks(&blocks, NAMED);
            self.raw("</section>\n");
        }
    }

    fn alert<'a>(&mut self, class: &str, title: &str, items: impl Iterator<Item = &'a str>) {
        let items: Vec<&str> = items.collect();
        if items.is_empty() {
            return;
        }
        self.html.extend(["<section class=\"card alert ", class, "\">\n<h2>", title, "</h2>\n"]);
        self.list(&items);
        self.raw("</section>\n");
    }

    fn list(&mut self, items: &[&str]) {
        self.raw("<ul>\n");
        for item in items.iter().take(NAMED) {
            self.html.extend(["<li>", &text::html(item), "</li>\n"]);
        }
        if let Some(rest) = rest(items.len(), NAMED) {
            self.html.extend(["<li>", &rest, "</li>\n"]);
        }
        self.raw("</ul>\n");
    }

    fn visibility(&mut self, plan: &Plan, names: &Names, matrix: Option<&Matrix>) {
        self.raw("<section class=\"card\" aria-labelledby=\"visibility\">\n<h2 id=\"visibility\">Visibility</h2>\n");
        let Some(matrix) = matrix else {
            self.raw("<p class=\"lead\">This plan holds no analysis of who sees what: none of its changes can alter that, or it was made without. <code>plan --access all</code> analyses it all the same.</p>\n</section>\n");
            return;
        };
        for remark in access::remarks(plan) {
            self.element("p", "lead", &remark);
        }
        let causes = access::causes(plan, names, true);
        if !causes.is_empty() {
            self.raw("<h3>By cause</h3>\n");
            let (first, others) = causes.split_at(causes.len().min(LISTED));
            self.blocks(first, LISTED);
            if !others.is_empty() {
                self.folded(&format!("{} more", others.len()), others);
            }
        }
        self.raw("<h3>Who sees which version</h3>\n");
        if matrix.versions.is_empty() {
            self.raw("<p class=\"lead\">No version was analysed.</p>\n");
        } else {
            self.raw(MATRIX_TOOLS);
            self.raw("<div class=\"fallback\" id=\"matrix-plain\">\n");
            self.summary_of(plan, names, matrix);
            self.raw("</div>\n");
        }
        if access::names_members(plan) {
            let members = access::by_member(plan, names);
            self.folded(&format!("By member: {}", counted(members.len(), "member", "members")), &members);
        }
        self.raw("</section>\n");
    }

    /// The rows that change, for whoever has no script.
    fn summary_of(&mut self, plan: &Plan, names: &Names, matrix: &Matrix) {
        let versions = access::by_version(plan, names);
        self.html.extend([
            "<p class=\"lead\">",
            &counted(matrix.changed(), "version", "versions"),
            " of ",
            &matrix.versions.len().to_string(),
            " change. A browser that runs this page's script shows the whole matrix.</p>\n",
        ]);
        self.blocks(&versions, FIRST);
    }

    fn changes(&mut self, plan: &Plan, names: &Names) {
        self.raw("<section class=\"card\" aria-labelledby=\"changes\">\n<h2 id=\"changes\">Changes</h2>\n");
        if plan.is_empty() {
            self.element("p", "lead", "Nothing would be changed.");
        } else {
            self.raw(CHANGE_TOOLS);
            self.raw("<div class=\"fallback\" id=\"list-plain\">\n");
            changes::push_first(&mut self.html, plan, names, FIRST);
            if let Some(rest) = rest(plan.changes.len(), FIRST) {
                self.element("p", "dim", &rest);
            }
            self.raw("</div>\n");
        }
        self.raw("</section>\n");
    }

    fn rest(&mut self, plan: &Plan, names: &Names) {
        let notes: Vec<&str> = wording::notices(plan, NoticeLevel::Note).collect();
        let spared = wording::spared(plan, names);
        let waiting: Vec<Block<'_>> = wording::waiting(plan).map(|line| vec![line]).collect();
        self.raw("<section class=\"card\" aria-labelledby=\"rest\">\n<h2 id=\"rest\">What else to know</h2>\n");
        if !notes.is_empty() {
            self.list(&notes);
        }
        for (sentence, addresses) in spared {
            if addresses.is_empty() {
                self.element("p", "lead", &format!("{sentence}."));
            } else {
                self.folded(&sentence, &addresses.into_iter().map(|line| vec![line]).collect::<Vec<_>>());
            }
        }
        if !waiting.is_empty() {
            self.folded(&format!("Waiting: {}", counted(waiting.len(), "member", "members")), &waiting);
        }
        if let Some(forecast) = wording::forecast(plan) {
            self.element("p", "lead", &forecast);
        }
        if !plan.is_empty() && plan.promotes.is_none() {
            self.html.extend([
                "<p class=\"lead\">Digest of these changes: <code>",
                &text::html(&digest(plan)),
                "</code></p>\n",
            ]);
        }
        self.html.extend([
            "<p class=\"lead\">Written by aehctl ",
            env!("CARGO_PKG_VERSION"),
            ". The page asks nothing of the network.</p>\n</section>\n",
        ]);
    }

    /// Blocks that are shown on request.
    fn folded(&mut self, title: &str, blocks: &[Block<'_>]) {
        self.html.extend(["<details>\n<summary>", &text::html(title), "</summary>\n"]);
        self.blocks(blocks, NAMED);
        self.raw("</details>\n");
    }

    fn blocks(&mut self, blocks: &[Block<'_>], most: usize) {
        self.raw("<div class=\"blocks\">\n");
        for block in blocks.iter().take(most) {
            self.raw("<div class=\"block\">\n");
            for line in block {
                push_line(&mut self.html, line);
            }
            self.raw("</div>\n");
        }
        if let Some(rest) = rest(blocks.len(), most) {
            push_line(&mut self.html, &Line::at(0).styled(Style::Dim, rest));
        }
        self.raw("</div>\n");
    }

    fn finish(mut self, data: &Data) -> String {
        let data = serde_json::to_string(data).expect("the page's data has text keys and no failing serializer");
        self.html.extend([
            "<script type=\"application/json\" id=\"data\">",
            &text::script(&data),
            "</script>\n<script>",
            SCRIPT,
            "</script>\n</body>\n</html>\n",
        ]);
        self.html
    }
}

/// How a policy names an inline text.
fn source(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}
