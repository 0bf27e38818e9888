//! What objects and values are called in sentences: in quotes where they could be taken for our own words.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::text;
use crate::address::{Address, Kind};
use crate::plan::{Plan, PlanTarget};

/// The names under which a plan's objects are shown.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// By id. Business groups of one name carry their ids.
    business_groups: BTreeMap<String, String>,
}

impl Names {
    pub(super) fn of(plan: &Plan) -> Self {
        Self::of_target(&plan.target)
    }

    pub(super) fn of_target(target: &PlanTarget) -> Self {
        let names = &target.business_groups;
        let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
        for name in names.values() {
            *uses.entry(name).or_default() += 1;
        }
        let shown = |(id, name): (&String, &String)| {
            let name = if uses[name.as_str()] > 1 { format!("{name} [{id}]") } else { name.clone() };
            (id.clone(), name)
        };
        Self { business_groups: names.iter().map(shown).collect() }
    }

    /// `assets/Finance/payment-api`
    pub(super) fn label(&self, address: &Address) -> String {
        format!("{}/{}", address.kind, self.name(address))
    }

    /// `Finance/payment-api`
    pub(super) fn name(&self, address: &Address) -> String {
        let segments: Vec<Cow<'_, str>> = address
            .segments
            .iter()
            .enumerate()
            .map(|(index, segment)| match (address.kind, index) {
                (Kind::Assets, 0) => quoted(self.business_groups.get(segment).unwrap_or(segment), &['/']),
                _ => quoted(segment, &['/']),
            })
            .collect();
        segments.join("/")
    }
}

/// The path of a field, such as `versions.v1`.
pub(super) fn path(text: &str) -> Cow<'_, str> {
    quoted(text, &[' ', ':', ',', '[', ']', '→'])
}

/// A value or an element of a list.
pub(super) fn value(text: &str) -> Cow<'_, str> {
    if text.starts_with(['+', '-', '~', '(', '…']) {
        return in_quotes(text).into();
    }
    quoted(text, &[',', '[', ']', '→'])
}

/// The text, in quotes if it holds one of the characters, or anything that ends a name in our sentences.
fn quoted<'a>(text: &'a str, special: &[char]) -> Cow<'a, str> {
    let needs_quotes = text.is_empty()
        || text.starts_with(char::is_whitespace)
        || text.ends_with(char::is_whitespace)
        || text.contains('"')
        || text.contains(special)
        || text.contains(" #")
        || text.contains(": ")
        || text.ends_with(':')
        || matches!(text::terminal(text), Cow::Owned(_));
    if needs_quotes { in_quotes(text).into() } else { text.into() }
}

fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::Sample;

    #[test]
    fn assets_go_by_the_name_of_their_business_group() {
        let mut plan = Sample::new().plan();
        plan.target.business_groups =
            [("1", "Finance"), ("2", "Twin"), ("3", "Twin")].map(|(id, name)| (id.to_owned(), name.to_owned())).into();
        let names = Names::of(&plan);
        let label = |group: &str| names.label(&Address::new("p", Kind::Assets, [group, "api"]));
        assert_eq!(label("1"), "assets/Finance/api");
        assert_eq!(label("3"), "assets/Twin [3]/api");
        assert_eq!(label("com.example"), "assets/com.example/api");
    }

    #[test]
    fn what_could_be_taken_for_ours_is_quoted() {
        assert_eq!(value("Gold Tier (EU)"), "Gold Tier (EU)");
        assert_eq!(value("A, + Admin"), "\"A, + Admin\"");
        assert_eq!(value("+ Admin"), "\"+ Admin\"");
        assert_eq!(value("a → b"), "\"a → b\"");
        assert_eq!(value("(none)"), "\"(none)\"");
        assert_eq!(value("say \"hi\""), r#""say \"hi\"""#);
        assert_eq!(value(""), "\"\"");
        assert_eq!(value("\u{202e}"), "\"\u{202e}\"");
    }
}
