//! User groups as a tree, with their mappings and the providers that these need.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::names::{BUILT_IN_PROVIDER, GroupNames, provider, slug, untaken};
use super::notes::{listed, shown};
use super::yaml::{Field, Item, Layout, Node};
use super::{Section, Selection};
use crate::id::{GroupId, ProviderId};
use crate::manifest::model::GroupReference;
use crate::state::{LiveGroup, LiveMapping, LiveState};

/// The loader takes so many declared groups, the API's limit for a portal.
const MOST_GROUPS: usize = 100;
/// Deeper groups state their `parent`: nobody reads further indentation, and YAML's own nesting is bounded.
const DEEPEST: usize = 12;

pub(super) struct Groups {
    pub(super) providers: Section,
    pub(super) tree: Section,
    pub(super) notices: Vec<String>,
    pub(super) count: usize,
}

/// Where a declared group stands in the manifest.
enum Place<'a> {
    /// At the top, and the live place is what the resolver takes for it.
    Top,
    /// At the top with `parent:`.
    Under(GroupReference),
    /// Among the children of this declared group.
    Child { parent: &'a GroupId, depth: usize },
}

struct Declared<'a> {
    group: &'a LiveGroup,
    reference: GroupReference,
    place: Place<'a>,
}

struct Exporter<'a> {
    live: &'a LiveState,
    names: &'a GroupNames<'a>,
    selection: &'a Selection,
    mappings: Mappings<'a>,
    declared: HashMap<&'a GroupId, Declared<'a>>,
    left_out: Vec<String>,
    notices: Vec<String>,
}

pub(super) fn export(live: &LiveState, names: &GroupNames<'_>, selection: &Selection) -> Groups {
    let mut exporter = Exporter {
        live,
        names,
        selection,
        mappings: Mappings::new(live, names, selection),
        declared: HashMap::new(),
        left_out: Vec::new(),
        notices: Vec::new(),
    };
    exporter.place_all();
    let items = exporter.top_level();
    let Exporter { mappings, declared, left_out, notices, .. } = exporter;
    let tree = (!items.is_empty()).then_some(Node::List(Layout::Spread, items));
    Groups {
        providers: mappings.section(),
        tree: Section { key: "userGroups", about: Vec::new(), left_out, node: tree },
        notices,
        count: declared.len(),
    }
}

impl<'a> Exporter<'a> {
    /// Decides for every group whether and where it is declared, parents before children.
    fn place_all(&mut self) {
        let usual = self.usual_place();
        let agreed = self.places_of_top_groups().len() <= 1;
        let mut room = MOST_GROUPS;
        for group in &self.live.user_groups {
            let is_as_the_hub_made_it = group.flags.is_built_in() && !self.mappings.has_any(&group.id);
            if is_as_the_hub_made_it || !self.selection.takes(self.names.all_of(group)) {
                continue;
            }
            match self.place(group, usual, agreed) {
                Ok((reference, place)) if room > 0 || matches!(reference, GroupReference::System(_)) => {
                    room -= usize::from(matches!(reference, GroupReference::Named(_)));
                    self.declared.insert(&group.id, Declared { group, reference, place });
                }
                Ok(_) => {
                    self.leave_out(group, &format!("a manifest declares at most {MOST_GROUPS} groups"));
                }
                Err(reason) => self.leave_out(group, &reason),
            }
        }
    }

    fn leave_out(&mut self, group: &LiveGroup, reason: &str) {
        self.left_out.push(format!("Left out: user group {} (id {}): {reason}.", shown(&group.name), group.id));
        self.notices.push(format!("user group {} (id {}) is left out: {reason}", shown(&group.name), group.id));
    }

    fn place(
        &self,
        group: &'a LiveGroup,
        usual: Option<&GroupId>,
        agreed: bool,
    ) -> Result<(GroupReference, Place<'a>), String> {
        let reference = self.names.declaration(&group.id)?.clone();
        // The place of a built-in that goes by its flag is the portal's own matter.
        let parent = group.parent.as_ref().and_then(|id| self.names.get(id));
        let Some(parent) = parent.filter(|_| matches!(reference, GroupReference::Named(_))) else {
            return Ok((reference, Place::Top));
        };
        if self.ancestors(group).all(|ancestor| ancestor.flags.is_built_in()) {
            // One place for all is found by the resolver, in portals of another shape too; several must be told apart.
            if agreed || usual == Some(&parent.id) || group.flags.is_built_in() {
                return Ok((reference, Place::Top));
            }
            let place = self.names.reference(&parent.id).map_or(Place::Top, |parent| Place::Under(parent.clone()));
            return Ok((reference, place));
        }
        if let Some(declared) = self.declared.get(&parent.id).filter(|_| !parent.flags.is_built_in()) {
            let depth = match declared.place {
                Place::Top | Place::Under(_) => 1,
                Place::Child { depth, .. } => depth + 1,
            };
            if depth <= DEEPEST {
                return Ok((reference, Place::Child { parent: &parent.id, depth }));
            }
        }
        match self.names.reference(&parent.id) {
            Ok(parent) => Ok((reference, Place::Under(parent.clone()))),
            Err(reason) => Err(format!("it stands under a group that cannot be named: {reason}")),
        }
    }

    /// Everything above a group, nearest first.
    fn ancestors(&self, group: &'a LiveGroup) -> impl Iterator<Item = &'a LiveGroup> {
        let above = |group: &&'a LiveGroup| group.parent.as_ref().and_then(|parent| self.names.get(parent));
        // A tree that was read holds no cycle; one that was made by hand may.
        std::iter::successors(above(&group), above).take(self.live.user_groups.len())
    }

    /// Where the custom groups stand that have nothing but built-ins above them.
    fn places_of_top_groups(&self) -> BTreeSet<Option<&'a GroupId>> {
        self.live
            .user_groups
            .iter()
            .filter(|group| !group.flags.is_built_in())
            .filter(|group| self.ancestors(group).all(|ancestor| ancestor.flags.is_built_in()))
            .map(|group| group.parent.as_ref().and_then(|parent| self.names.get(parent)).map(|parent| &parent.id))
            .collect()
    }

    /// Where the resolver puts a first group that states no parent: under the default group if the tree nests.
    fn usual_place(&self) -> Option<&'a GroupId> {
        let built_ins = || self.live.user_groups.iter().filter(|group| group.flags.is_built_in());
        let nests =
            built_ins().any(|group| group.parent.is_some() || (group.flags.is_default && group.flags.is_public));
        let mut defaults = built_ins().filter(|group| group.flags.is_default);
        defaults.next().filter(|_| nests).map(|group| &group.id)
    }

    fn top_level(&mut self) -> Vec<Item> {
        let mut top = Vec::new();
        let mut children: HashMap<&GroupId, Vec<&GroupId>> = HashMap::new();
        for (id, declared) in &self.declared {
            match &declared.place {
                Place::Top | Place::Under(_) => top.push(*id),
                Place::Child { parent, .. } => children.entry(parent).or_default().push(id),
            }
        }
        self.items(top, &children)
    }

    /// The entries in the order of their names, built-ins first.
    fn items(&mut self, mut ids: Vec<&'a GroupId>, children: &HashMap<&'a GroupId, Vec<&'a GroupId>>) -> Vec<Item> {
        ids.sort_by_key(|id| self.declared.get(id).map(|declared| &declared.reference));
        ids.into_iter().filter_map(|id| self.item(id, children)).collect()
    }

    fn item(&mut self, id: &'a GroupId, children: &HashMap<&'a GroupId, Vec<&'a GroupId>>) -> Option<Item> {
        let Declared { group, reference, place } = self.declared.get(id)?;
        let (group, name) = (*group, reference.as_str().to_owned());
        let mut fields = vec![("name", Node::text(&name))];
        let description = group.description.as_deref().filter(|text| !text.is_empty() && !group.flags.is_built_in());
        fields.extend(description.map(|text| ("description", Node::text(text))));
        if let Place::Under(parent) = place {
            fields.push(("parent", Node::text(parent.as_str())));
        }
        let mut comments = Vec::new();
        let rows = self.mappings.rows(&group.id);
        for remark in rows.remarks {
            self.notices.push(format!("user group {}: {remark}", shown(&name)));
            comments.push(format!("Left out: {remark}."));
        }
        fields.extend(rows.node.map(|rows| ("idpGroups", rows)));
        let below = self.items(children.get(id).cloned().unwrap_or_default(), children);
        if !below.is_empty() {
            fields.push(("children", Node::List(Layout::Spread, below)));
        }
        Some(Item { comments, node: Node::map(Layout::Spread, fields) })
    }
}

/// The mappings with the aliases of the providers that they need.
struct Mappings<'a> {
    live: &'a LiveState,
    /// Alias and the provider's own text, of every provider that a mapping uses and that can be named.
    aliases: BTreeMap<&'a ProviderId, (String, &'a str)>,
}

/// What is written of one group's mappings.
struct Rows {
    node: Option<Node>,
    remarks: Vec<String>,
}

impl<'a> Mappings<'a> {
    fn new(live: &'a LiveState, names: &GroupNames<'_>, selection: &Selection) -> Self {
        let mut mappings = Self { live, aliases: BTreeMap::new() };
        let used: BTreeSet<&ProviderId> = live
            .user_groups
            .iter()
            .filter(|group| selection.takes(names.all_of(group)))
            .filter_map(|group| live.mappings.get(&group.id))
            .filter(|rows| mappings.expressible(rows).is_ok())
            .flatten()
            .filter(|row| !row.is_maintainer)
            .map(|row| &row.provider)
            .collect();
        for id in used {
            if let Some(text) = mappings.provider(id) {
                let alias = mappings.alias(id, text);
                mappings.aliases.insert(id, (alias, text));
            }
        }
        mappings
    }

    fn provider(&self, id: &'a ProviderId) -> Option<&'a str> {
        provider(id, self.live.identity_providers.as_ref()?)
    }

    /// A readable name that means no other provider.
    fn alias(&self, id: &ProviderId, text: &str) -> String {
        let listed =
            self.live.identity_providers.iter().flatten().flat_map(|(id, name)| [(id, id.as_str()), (id, name)]);
        let others: BTreeSet<&str> = listed.filter(|(other, _)| *other != id).map(|(_, text)| text).collect();
        let taken = |alias: &str| {
            let is_built_in = alias == BUILT_IN_PROVIDER && id.as_str() != alias;
            is_built_in || others.contains(alias) || self.aliases.values().any(|(other, _)| other == alias)
        };
        let word = slug(text);
        untaken(if word.is_empty() { "provider" } else { &word }, taken)
    }

    /// Whether there is anything to say of the group's mappings.
    fn has_any(&self, group: &GroupId) -> bool {
        self.live.mappings.get(group).is_some_and(|rows| !rows.is_empty())
    }

    /// Fails with the reason why the complete list cannot be written.
    fn expressible(&self, rows: &'a [LiveMapping]) -> Result<(), String> {
        if self.live.identity_providers.is_none() {
            return Err("its mappings, because the identity providers were not read".to_owned());
        }
        for row in rows.iter().filter(|row| !row.is_maintainer) {
            if row.group.trim().is_empty() {
                return Err("its mappings, because one of them names no group of the identity provider".to_owned());
            }
            if self.provider(&row.provider).is_none() {
                let provider = shown(row.provider.as_str());
                return Err(format!("its mappings, because the organization has no identity provider {provider}"));
            }
        }
        Ok(())
    }

    fn rows(&self, group: &GroupId) -> Rows {
        let rows = self.live.mappings.get(group).map(Vec::as_slice).unwrap_or_default();
        let (maintainers, members): (Vec<&LiveMapping>, Vec<_>) = rows.iter().partition(|row| row.is_maintainer);
        let mut remarks = Vec::new();
        if !maintainers.is_empty() {
            let groups = listed(maintainers.iter().map(|row| shown(&row.group)));
            remarks.push(format!("the maintainers that it has from {groups}, whom the API cannot write"));
        }
        if members.is_empty() {
            return Rows { node: None, remarks };
        }
        if let Err(reason) = self.expressible(rows) {
            remarks.push(reason);
            return Rows { node: None, remarks };
        }
        let written: BTreeSet<(&str, &str)> = members
            .iter()
            .filter_map(|row| self.aliases.get(&row.provider).map(|(alias, _)| (alias.as_str(), row.group.as_str())))
            .collect();
        let rows = written.into_iter().map(|(alias, group)| {
            Node::map(Layout::Compact, [("provider", Node::text(alias)), ("group", Node::text(group))])
        });
        Rows { node: Some(Node::list(rows)), remarks }
    }

    fn section(self) -> Section {
        let mut aliases: Vec<(String, &str)> = self.aliases.into_values().collect();
        aliases.sort();
        let fields: Vec<Field> = aliases
            .into_iter()
            .map(|(alias, text)| Field { comments: Vec::new(), key: alias, node: Node::text(text) })
            .collect();
        let node = (!fields.is_empty()).then_some(Node::Map(Layout::Compact, fields));
        Section { key: "identityProviders", about: Vec::new(), left_out: Vec::new(), node }
    }
}
