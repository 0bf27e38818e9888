//! By whom each change came about: this change of the manifest, an earlier one, or somebody in the portal. Pure.
//!
//! Compared where the change is: of a set only the elements that come or go count, since the rest of it is no matter
//! of the change.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::address::Address;
use crate::kinds::Fields;
use crate::kinds::assets::spec::canonical_version;
use crate::plan::{Action, Change, Edit, Origin};
use crate::record::Wishes;

/// What is known of earlier revisions.
#[derive(Debug, Clone, Copy, Default)]
pub struct Earlier<'a> {
    /// What the commit that was applied last wants.
    pub applied: Option<&'a Wishes>,
    /// What the commit that this change is based on wants.
    pub base: Option<&'a Wishes>,
}

/// Tells the origin of each change and of each of its fields, as far as anything is known.
pub fn label(changes: &mut [Change], earlier: Earlier<'_>) {
    if earlier.applied.is_none() && earlier.base.is_none() {
        return;
    }
    let mut objects: HashMap<Address, Object> = HashMap::new();
    for change in &*changes {
        // The first step of an object begins with what is live, the last one ends with what is wanted.
        let object = objects.entry(change.address.clone()).or_insert_with(|| Object {
            action: change.action(),
            live: change.edit.fields_before(),
            wanted: Fields::new(),
        });
        object.wanted = change.edit.fields_after();
    }
    for change in &mut *changes {
        let object = &objects[&change.address];
        let views = [earlier.applied, earlier.base].map(|wishes| Some(View::new(wishes?.of(&change.address), object)));
        let whole = origin(views.each_ref().map(|view| Some(view.as_ref()?.is_alike)));
        for field in &mut change.fields {
            let is_deletion = matches!(object.action, Action::Delete | Action::Reject);
            let mut parts = Part::of(&field.path, &field.before, &field.after);
            // What one step takes and another gives back is no difference of the object.
            parts.retain(|part| part.differs(object));
            let origins: Vec<Origin> = parts
                .iter()
                .map(|part| {
                    if is_deletion {
                        return whole;
                    }
                    origin(views.each_ref().map(|view| Some(view.as_ref()?.agrees(part, object))))
                })
                .collect();
            let drifted = parts.iter().zip(&origins).filter(|(_, origin)| **origin == Origin::Drift);
            let undeclared = drifted.filter_map(|(part, _)| part.taken(&field.before)).collect();
            field.origin = origins.into_iter().max();
            field.undeclared = undeclared;
        }
        // An update is no more than its fields; whatever else comes or goes does so as a whole.
        let own = (object.action != Action::Update).then_some(whole);
        change.origin = change.fields.iter().filter_map(|field| field.origin).chain(own).max();
    }
    label_steps(changes);
}

/// What is no difference of the object comes about by what makes it go in two steps.
fn label_steps(changes: &mut [Change]) {
    let mut objects: HashMap<Address, Option<Origin>> = HashMap::new();
    for change in &*changes {
        let origin = objects.entry(change.address.clone()).or_default();
        *origin = change.origin.max(*origin);
    }
    for change in changes {
        let whole = objects[&change.address];
        for origin in change.fields.iter_mut().map(|field| &mut field.origin).chain([&mut change.origin]) {
            *origin = origin.or(whole);
        }
    }
}

/// Whether the revision that was applied and the one that the change is based on agree with the manifest; `None`
/// where there is no such revision.
fn origin([applied, base]: [Option<bool>; 2]) -> Origin {
    match (applied, base) {
        (Some(true), _) | (None, Some(true)) => Origin::Drift,
        (Some(false), Some(true)) => Origin::Pending,
        (Some(false) | None, _) => Origin::ThisChange,
    }
}

/// An object of the plan, from what is live to what the manifest wants.
struct Object {
    action: Action,
    live: Fields,
    wanted: Fields,
}

/// A part of an object that changes.
enum Part<'a> {
    /// An element of a set comes or goes.
    Element(&'a str, &'a str),
    Field(&'a str),
}

impl<'a> Part<'a> {
    fn of(path: &'a str, before: &'a Value, after: &'a Value) -> Vec<Self> {
        let set = |value: &'a Value| match value {
            Value::Null => Some(BTreeSet::new()),
            value => value.as_array()?.iter().map(Value::as_str).collect::<Option<BTreeSet<&str>>>(),
        };
        let elements: Vec<Self> = match (set(before), set(after)) {
            (Some(before), Some(after)) => {
                before.symmetric_difference(&after).map(|element| Part::Element(path, element)).collect()
            }
            _ => Vec::new(),
        };
        if elements.is_empty() { vec![Part::Field(path)] } else { elements }
    }

    /// What the object is in the end is something else than what is live.
    fn differs(&self, Object { action, live, wanted }: &Object) -> bool {
        let is_update = *action == Action::Update;
        match self {
            Self::Field(path) => !is_update || look_up(live, path) != look_up(wanted, path),
            Self::Element(path, element) => {
                !is_update || has(look_up(live, path), element) != has(look_up(wanted, path), element)
            }
        }
    }

    /// The element, if it is one that goes.
    fn taken(&self, before: &Value) -> Option<String> {
        match self {
            Self::Element(_, element) if has(Some(before), element) => Some((*element).to_owned()),
            Self::Element(..) | Self::Field(_) => None,
        }
    }
}

/// What an earlier revision wants of an object.
struct View {
    fields: Fields,
    /// It wants the same done to the object as a whole.
    is_alike: bool,
    /// It wants something else of the object as a whole, so that no part of it can agree.
    is_other: bool,
}

impl View {
    fn new(wish: Option<&Edit>, object: &Object) -> Self {
        match wish {
            // It is content with what is live.
            None => Self { fields: object.live.clone(), is_alike: false, is_other: object.action != Action::Update },
            Some(edit) => {
                let is_alike = edit.action() == object.action;
                let is_other = match object.action {
                    Action::Update => edit.action() == Action::Delete,
                    Action::Create | Action::Delete | Action::Approve | Action::Reject => !is_alike,
                };
                Self { fields: edit.fields_after(), is_alike, is_other }
            }
        }
    }

    fn agrees(&self, part: &Part<'_>, object: &Object) -> bool {
        if self.is_other {
            return false;
        }
        match part {
            Part::Field(path) => look_up(&self.fields, path) == look_up(&object.wanted, path),
            Part::Element(path, element) => {
                has(look_up(&self.fields, path), element) == has(look_up(&object.wanted, path), element)
            }
        }
    }
}

fn has(set: Option<&Value>, element: &str) -> bool {
    set.and_then(Value::as_array).is_some_and(|elements| elements.iter().any(|other| other == element))
}

/// A field by its path; a version also by another spelling.
fn look_up<'f>(fields: &'f Fields, path: &str) -> Option<&'f Value> {
    fields.get(path).or_else(|| {
        let version = canonical_version(path.strip_prefix("versions.")?);
        let same =
            |path: &&String| path.strip_prefix("versions.").is_some_and(|other| canonical_version(other) == version);
        fields.get(fields.keys().find(same)?)
    })
}
