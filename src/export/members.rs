//! Members: who is disabled, and which groups each one was given.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::names::GroupNames;
use super::notes::shown;
use super::yaml::{Item, Layout, Node};
use super::{Section, Selection};
use crate::address::Kind;
use crate::kinds::members::spec::MOST_GROUPS;
use crate::manifest::model::GroupReference;
use crate::state::{LiveMember, LiveState};

pub(super) struct Members {
    pub(super) entries: Section,
    pub(super) notices: Vec<String>,
    pub(super) count: usize,
}

pub(super) fn export(live: &LiveState, groups: &GroupNames<'_>, selection: &Selection) -> Members {
    let mut exporter = Exporter {
        live,
        groups,
        texts: Texts::new(live.members.as_deref().unwrap_or_default()),
        federated: 0,
        built_ins: false,
        left_out: Vec::new(),
        notices: Vec::new(),
    };
    if live.members.is_none() {
        exporter.notices.push("the members were not read and are left out".to_owned());
    }
    let is_meant = |member: &&LiveMember| selection.takes(member.names().chain([member.id.as_str()]));
    let mut items: Vec<(String, Item)> =
        live.members.iter().flatten().filter(is_meant).filter_map(|member| exporter.item(member)).collect();
    items.sort_by(|(a, _), (b, _)| a.cmp(b));
    let Exporter { federated, built_ins, left_out, mut notices, .. } = exporter;
    let about = built_ins.then(|| "Groups that everyone is in are kept by themselves, and not listed here.".to_owned());
    if federated > 0 {
        let noun = Kind::Members.noun(federated);
        notices.push(format!("the groups of {federated} {noun} are left out: an identity provider sets them at login"));
    }
    let items: Vec<Item> = items.into_iter().map(|(_, item)| item).collect();
    let count = items.len();
    let node = (!items.is_empty()).then_some(Node::List(Layout::Spread, items));
    Members { entries: Section { key: "members", about: about.into_iter().collect(), left_out, node }, notices, count }
}

struct Exporter<'a> {
    live: &'a LiveState,
    groups: &'a GroupNames<'a>,
    texts: Texts<'a>,
    federated: usize,
    /// A group that is always kept was left out of a member's list.
    built_ins: bool,
    left_out: Vec<String>,
    notices: Vec<String>,
}

impl<'a> Exporter<'a> {
    fn item(&mut self, member: &'a LiveMember) -> Option<(String, Item)> {
        let Some(user) = self.texts.take(member) else {
            let id = shown(member.id.as_str());
            self.left_out.push(format!("Left out: the member with the id {id}: no text means this member alone."));
            self.notices.push(format!("the member with the id {id} is left out: no text means this member alone"));
            return None;
        };
        let mut fields = vec![("user", Node::text(user))];
        let mut comments = Vec::new();
        if member.is_federated(&self.live.portal.connection) {
            self.federated += 1;
            comments.push(format!("Groups come from {} at login.", self.provider(member)));
        } else {
            match self.granted(member) {
                Ok(groups) => {
                    let groups = groups.iter().map(|group| Node::text(group.as_str()));
                    fields.push(("userGroups", Node::list(groups)));
                }
                Err(reason) => {
                    comments.push(format!("Left out: the groups: {reason}."));
                    self.notices.push(format!("the groups of member {} are left out: {reason}", shown(user)));
                }
            }
        }
        match member.is_active {
            Some(false) => fields.push(("enabled", Node::word("false"))),
            Some(true) => {}
            None => {
                let what = "whether the member is enabled, which the hub does not say";
                comments.push(format!("Left out: {what}."));
                self.notices.push(format!("member {}: left out: {what}", shown(user)));
            }
        }
        Some((user.to_owned(), Item { comments, node: Node::map(Layout::Compact, fields) }))
    }

    fn provider(&self, member: &LiveMember) -> String {
        let id = member.provider.as_ref();
        let name =
            id.and_then(|id| self.live.identity_providers.as_ref()?.get(id)).filter(|name| !name.trim().is_empty());
        match (name, id) {
            (Some(name), _) => shown(name),
            (None, Some(id)) => shown(id.as_str()),
            (None, None) => "an identity provider".to_owned(),
        }
    }

    /// The groups that the member was given: what is kept anyway is left out, administration excepted.
    fn granted(&mut self, member: &LiveMember) -> Result<BTreeSet<GroupReference>, String> {
        let live = member.user_groups.as_ref().ok_or("the hub does not say them")?;
        let mut granted = BTreeSet::new();
        for id in live {
            let flags = self.groups.flags(id);
            match self.groups.reference(id) {
                _ if flags.is_built_in() && !flags.is_admin => self.built_ins = true,
                Ok(reference) => {
                    granted.insert(reference.clone());
                }
                // An administrator stays one, listed or not.
                Err(_) if flags.is_admin => {}
                Err(reason) => return Err(reason),
            }
        }
        if granted.len() > MOST_GROUPS {
            return Err(format!("there are {}, and a manifest gives at most {MOST_GROUPS}", granted.len()));
        }
        Ok(granted)
    }
}

/// Which text means which member, by the rules of the resolver: ids as they are, usernames and emails without case.
struct Texts<'a> {
    ids: HashSet<&'a str>,
    by_name: HashMap<String, BTreeSet<&'a str>>,
    taken: HashSet<String>,
}

impl<'a> Texts<'a> {
    fn new(members: &'a [LiveMember]) -> Self {
        let mut texts = Self { ids: HashSet::new(), by_name: HashMap::new(), taken: HashSet::new() };
        for member in members {
            texts.ids.insert(member.id.as_str());
            for name in member.names() {
                texts.by_name.entry(name.to_lowercase()).or_default().insert(member.id.as_str());
            }
        }
        texts
    }

    /// The text for a member: the username, else the email, else the id. No two members get the same one.
    fn take(&mut self, member: &'a LiveMember) -> Option<&'a str> {
        let mut candidates = member.names().chain([member.id.as_str()]);
        let text = candidates.find(|text| self.means(text, member))?;
        self.taken.insert(text.to_lowercase());
        Some(text)
    }

    fn means(&self, text: &str, member: &LiveMember) -> bool {
        let folded = text.to_lowercase();
        let found = self.ids.get(text).into_iter().chain(self.by_name.get(&folded).into_iter().flatten());
        !text.trim().is_empty()
            && !text.chars().any(char::is_control)
            && !self.taken.contains(&folded)
            && found.copied().all(|id| id == member.id.as_str())
    }
}
