//! User groups: the tree taken apart, parents before children.

use std::collections::BTreeSet;

use super::{Join, refuse, refuse_controls, text, texts};
use crate::diagnostic::{Diagnostic, Located};
use crate::manifest::decode::Name;
use crate::manifest::faults::Faults;
use crate::manifest::model::{GroupReference, GroupState, IdpGroup, Parent, UserGroup};
use crate::manifest::{reference, syntax};

/// The API's limit on a group's name, in characters.
const LONGEST_NAME: usize = 95;

pub(super) struct Groups<'faults> {
    pub(super) declared: Vec<UserGroup>,
    pub(super) joins: Vec<Join>,
    faults: &'faults mut Faults,
}

/// The entry under whose `children` another one stands.
struct Above {
    name: Located<GroupReference>,
    absent: bool,
}

impl<'faults> Groups<'faults> {
    pub(super) fn new(faults: &'faults mut Faults) -> Self {
        Self { declared: Vec::new(), joins: Vec::new(), faults }
    }

    pub(super) fn add_top_level(&mut self, entries: Vec<Located<syntax::UserGroup>>) {
        for entry in entries {
            self.add(entry.value, None);
        }
    }

    fn add(&mut self, entry: syntax::UserGroup, above: Option<&Above>) {
        // A bad name is reported; what stands under it is looked at all the same.
        let name = reference::group(&entry.name, self.faults)
            .unwrap_or_else(|| Located::new(GroupReference::Named(entry.name.value.0.clone()), entry.name.location));
        let absent = entry.state.is_some();
        self.check_place(&name, &entry, absent, above);
        match name.value {
            GroupReference::System(_) => self.check_built_in(&entry),
            GroupReference::Named(_) if absent => self.check_absent(&entry),
            GroupReference::Named(_) => self.check_name(&entry.name),
        }
        if let Some(disable) = entry.disable_members.as_ref().filter(|_| !absent) {
            let help = "with `state: absent` it disables members that are left with no group but built-ins";
            self.faults.error("misplaced-field", disable.location, "`disableMembers` needs `state: absent`", help);
        }
        let syntax::UserGroup {
            name: _,
            description,
            parent,
            formerly,
            idp_groups,
            joins,
            disable_members,
            children,
            state: _,
        } = entry;
        let joins = joins.map(|joins| joins.value).unwrap_or_default();
        self.add_joins(&name.value, texts(joins));
        let parent = match (above, parent) {
            (Some(above), _) => Parent::Nested(above.name.clone()),
            (None, Some(parent)) => reference::group(&parent, self.faults).map_or(Parent::Unstated, Parent::Stated),
            (None, None) => Parent::Unstated,
        };
        self.declared.push(UserGroup {
            name: name.clone(),
            parent,
            description,
            formerly: texts(formerly.map(|names| names.value).unwrap_or_default()),
            idp_groups: idp_groups.map(|groups| groups.value.into_iter().map(|group| idp_group(group.value)).collect()),
            state: if absent {
                GroupState::Absent { disable_members: disable_members.is_some_and(|disable| disable.value) }
            } else {
                GroupState::Present
            },
            delegated: false,
        });
        let above = Above { name, absent };
        for child in children.map(|children| children.value).unwrap_or_default() {
            self.add(child.value, Some(&above));
        }
    }

    fn add_joins(&mut self, group: &GroupReference, audiences: Vec<Located<String>>) {
        self.faults.refuse_repetition(&audiences, |audience| format!("the group joins `{audience}` twice"));
        let mut seen = BTreeSet::new();
        for audience in audiences {
            if seen.insert(audience.value.clone()) {
                self.joins.push(Join { group: group.clone(), audience });
            }
        }
    }

    fn check_place(
        &mut self,
        name: &Located<GroupReference>,
        entry: &syntax::UserGroup,
        absent: bool,
        above: Option<&Above>,
    ) {
        let Some(above) = above else { return };
        if matches!(name.value, GroupReference::System(_)) {
            let message = "a built-in group may not stand under `children`";
            let help = "its place is the portal's own matter; declare it at the top of the list";
            self.faults.error("misplaced-group", name.location, message, help);
        }
        if let Some(parent) = &entry.parent {
            let help = "the entry stands under its parent already";
            self.faults.error(
                "misplaced-field",
                parent.location,
                "`parent` is for entries at the top of the list",
                help,
            );
        }
        if above.absent && !absent {
            let message = format!("{} stands under a group that is to be absent", reference::describe(&name.value));
            self.faults.push(
                Diagnostic::error("child-of-absent", name.location, message)
                    .with_related(above.name.location, "deleted, with all that stands under it")
                    .with_help("give it `state: absent` too, or move it out; the API moves no groups"),
            );
        }
    }

    fn check_built_in(&mut self, entry: &syntax::UserGroup) {
        let syntax::UserGroup {
            name: _,
            description,
            parent,
            formerly,
            idp_groups: _,
            joins,
            state,
            disable_members: _,
            children: _,
        } = entry;
        let owner = "a built-in group takes `idpGroups` and `children` alone";
        refuse(description.as_ref().map(|value| value.location), "description", owner, self.faults);
        refuse(parent.as_ref().map(|value| value.location), "parent", owner, self.faults);
        refuse(formerly.as_ref().map(|value| value.location), "formerly", owner, self.faults);
        refuse(joins.as_ref().map(|value| value.location), "joins", owner, self.faults);
        refuse(state.as_ref().map(|value| value.location), "state", owner, self.faults);
    }

    fn check_absent(&mut self, entry: &syntax::UserGroup) {
        let syntax::UserGroup {
            name: _,
            description,
            parent,
            formerly,
            idp_groups,
            joins,
            state: _,
            disable_members: _,
            children: _,
        } = entry;
        let owner = "an absent group takes `disableMembers` and `children` alone";
        refuse(description.as_ref().map(|value| value.location), "description", owner, self.faults);
        refuse(parent.as_ref().map(|value| value.location), "parent", owner, self.faults);
        refuse(formerly.as_ref().map(|value| value.location), "formerly", owner, self.faults);
        refuse(idp_groups.as_ref().map(|value| value.location), "idpGroups", owner, self.faults);
        refuse(joins.as_ref().map(|value| value.location), "joins", owner, self.faults);
    }

    fn check_name(&mut self, name: &Located<Name>) {
        refuse_controls(name, self.faults);
        let length = name.value.0.chars().count();
        if length > LONGEST_NAME {
            let message = format!("the name has {length} characters");
            let help = format!("the API takes names of at most {LONGEST_NAME} characters");
            self.faults.error("name-too-long", name.location, message, &help);
        }
    }
}

fn idp_group(group: syntax::IdpGroup) -> IdpGroup {
    let syntax::IdpGroup { provider, group } = group;
    IdpGroup { provider: text(provider), group: text(group) }
}
