//! The live portal as a manifest that declares what is there: planning it at once shows no changes.
//!
//! Pure, and the same bytes for the same state. What a manifest cannot say is left out with a comment where it would
//! stand and with a notice; the rest stays exact.

mod assets;
mod audiences;
mod groups;
mod members;
mod names;
mod notes;
mod selection;
mod split;
mod target;
#[cfg(test)]
mod tests;
mod yaml;

use assets::Assets;
use groups::Groups;
use members::Members;
use names::GroupNames;
use notes::{Notices, shown};
use split::{Divided, Fragment};
use yaml::{Field, Layout, Node, render};

pub use selection::{Part, Selection};
pub use split::Split;

use std::collections::BTreeMap;

use crate::address::Kind;
use crate::state::LiveState;

/// Where editors find the JSON Schema, as it is kept beside manifests.
pub const SCHEMA: &str = "schemas/portal.schema.json";

/// What the export needs besides the portal.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `metadata.name`; one after the portal, if it is not given.
    pub name: Option<String>,
    /// People are personal data: they are exported on request.
    pub members: bool,
    /// Other connections go by the same domain.
    pub connection_by_id: bool,
    /// Other portals of the connection go by the same name.
    pub portal_by_id: bool,
    pub selection: Selection,
    /// `None`: one file has everything.
    pub split: Option<Split>,
}

/// A manifest, and what it does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The text of the Portal's file, in canonical form.
    pub manifest: String,
    /// What the Portal includes, by paths that are relative to it.
    pub fragments: BTreeMap<String, String>,
    /// How many objects are declared.
    pub count: usize,
    /// What had to be left out, and why; harmless to show.
    pub notices: Vec<String>,
}

/// A key of `spec`.
struct Section {
    key: &'static str,
    /// What is said of the value, if there is one.
    about: Vec<String>,
    /// What is missing in it; said in any case.
    left_out: Vec<String>,
    node: Option<Node>,
}

/// Writes the manifest of a state that was read with everything in it.
pub fn export(live: &LiveState, options: &Options) -> Exported {
    let Options { name, members, connection_by_id: _, portal_by_id: _, selection, split } = options;
    let names = GroupNames::new(&live.user_groups);
    let groups = selection.has(Part::UserGroups).then(|| groups::export(live, &names, selection));
    let by_owner = *split == Some(Split::BusinessGroup);
    let assets = selection.has(Part::Assets).then(|| assets::export(live, &names, selection, by_owner));
    let people = (*members && selection.has(Part::Members)).then(|| members::export(live, &names, selection));

    let mut notices = Notices::default();
    if live.user_groups.is_empty() {
        notices.push("the portal shows no user group at all: nothing can be planned on such a read");
    }
    let (mut count, mut shared, mut divided, mut waiting) = (0, Vec::new(), Divided::new(*split), Vec::new());
    if let Some(Groups { providers, tree, notices: told, count: declared }) = groups {
        notices.section("userGroups", told);
        count += declared;
        shared.push(providers);
        divided.tree(tree);
    }
    if let Some(Assets { audiences, documents, left_out, notices: told, count: declared }) = assets {
        notices.section("assets", told);
        count += declared;
        shared.push(audiences);
        waiting = left_out;
        for document in documents {
            divided.assets(document);
        }
    }
    let mut spec = Spec::default();
    spec.add(target::target(&live.portal, options));
    spec.add(divided.include());
    let Divided { own, fragments, .. } = divided;
    spec.extend(shared);
    spec.waiting.extend(waiting);
    spec.extend(own);
    if let Some(Members { entries, notices: told, count: declared }) = people {
        notices.section("members", told);
        count += declared;
        spec.add(entries);
    }
    spec.waiting.extend(pending(live));

    let portal = shown(&live.portal.name);
    let name = metadata_name(name.as_deref().unwrap_or_default(), &live.portal.name);
    let what = if selection.is_everything() { "What" } else { "Some of what" };
    let about = format!("{what} the portal {portal} held when it was exported.");
    let manifest = Head { kind: "Portal", schema: SCHEMA, about, name: &name }.document(spec);
    let fragments = fragments.into_iter().map(|Fragment { path, name, what, spec }| {
        let schema = format!("{}{SCHEMA}", "../".repeat(path.matches('/').count()));
        let about = format!("{what} in the portal {portal}, as they were when it was exported.");
        let text = Head { kind: "PortalFragment", schema: &schema, about, name: &name }.document(spec);
        (path, text)
    });
    Exported { manifest, fragments: fragments.collect(), count, notices: notices.finish() }
}

/// The sections with something in them, and comments that have found no section yet.
#[derive(Default)]
struct Spec {
    fields: Vec<Field>,
    waiting: Vec<String>,
}

impl Spec {
    fn extend(&mut self, sections: Vec<Section>) {
        for section in sections {
            self.add(section);
        }
    }

    fn add(&mut self, section: Section) {
        let Section { key, about, left_out, node } = section;
        let Some(node) = node else {
            self.waiting.extend(left_out);
            return;
        };
        let comments = std::mem::take(&mut self.waiting).into_iter().chain(about).chain(left_out).collect();
        self.fields.push(Field { comments, key: key.to_owned(), node });
    }
}

/// What stands above the `spec` of a document.
struct Head<'a> {
    kind: &'a str,
    schema: &'a str,
    about: String,
    name: &'a str,
}

impl Head<'_> {
    fn document(self, spec: Spec) -> String {
        let Self { kind, schema, about, name } = self;
        let Spec { fields, waiting } = spec;
        let head = [
            format!("yaml-language-server: $schema={schema}"),
            String::new(),
            about,
            "What stands here is kept as it is; what does not is left alone.".to_owned(),
        ];
        let field = |key: &str, node| Field { comments: Vec::new(), key: key.to_owned(), node };
        let fields = [
            field("apiVersion", Node::text("aehctl.io/v1alpha1")),
            field("kind", Node::text(kind)),
            field("metadata", Node::map(Layout::Compact, [("name", Node::text(name))])),
            field("spec", Node::Map(Layout::Sections, fields)),
        ];
        render(&head, &fields, &waiting)
    }
}

/// The name as it was asked for, if a manifest takes it; else one after the portal.
pub fn metadata_name(name: &str, portal: &str) -> String {
    let name: String = name.chars().filter(|character| !character.is_control()).collect();
    if !name.trim().is_empty() {
        return name;
    }
    let name = names::slug(portal);
    if name.is_empty() { "portal".to_owned() } else { name }
}

/// How many people wait; who they are is nobody's business here.
fn pending(live: &LiveState) -> Option<String> {
    let count = live.prospects.as_ref()?.len();
    let verb = if count == 1 { "waits" } else { "wait" };
    let noun = Kind::Prospects.noun(count);
    (count > 0).then(|| format!("{count} {noun} {verb} for a decision: rules for them go under `prospects`."))
}
