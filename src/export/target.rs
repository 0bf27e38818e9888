//! Where the portal is, as people say it.

use super::notes::shown;
use super::yaml::{Field, Layout, Node};
use super::{Options, Section};
use crate::state::{LiveConnection, LivePortal};

/// The words that a manifest takes.
const REGIONS: [&str; 4] = ["us", "eu", "ca", "jp"];
const ENVIRONMENTS: [&str; 2] = ["PRODUCTION", "SANDBOX"];

pub(super) fn target(portal: &LivePortal, options: &Options) -> Section {
    let LivePortal {
        organization,
        connection: LiveConnection { id: connection_id, domain, environment, organization_id: _, default_provider: _ },
        name,
        id,
        target_portal_id,
        internal_portal_id: _,
        path_id: _,
        region,
        emulator: _,
    } = portal;
    let organization = organization.as_ref().and_then(|organization| first([&organization.name, &organization.id]));
    let Options { connection_by_id, portal_by_id, name: _, members: _, selection: _, split: _ } = options;
    let domain = domain.as_deref().filter(|_| !connection_by_id).unwrap_or_default();
    let connection = first([domain, connection_id]);
    let portal_id = first([target_portal_id.as_deref().unwrap_or_default(), id]);
    let name = first([name]).filter(|_| !portal_by_id);
    let fields = [
        ("region", region.as_deref().filter(|word| REGIONS.contains(word))),
        ("organization", organization),
        ("connection", connection),
        ("environment", environment.as_deref().filter(|word| ENVIRONMENTS.contains(word))),
        ("portal", name.or(portal_id)),
    ];
    let fields: Vec<Field> = fields
        .into_iter()
        .filter_map(|(key, text)| {
            let comments = match (key, portal_id) {
                ("portal", Some(id)) if name.is_some() => {
                    vec![format!("or its id, should another one get this name: {id}")]
                }
                ("portal", Some(_)) if *portal_by_id => {
                    vec![format!("its id, since another portal is called {} as well", shown(&portal.name))]
                }
                ("connection", _) if *connection_by_id => {
                    vec!["its id, since another one has the same domain".to_owned()]
                }
                _ => Vec::new(),
            };
            text.map(|text| Field { comments, key: key.to_owned(), node: Node::text(text) })
        })
        .collect();
    let node = (!fields.is_empty()).then_some(Node::Map(Layout::Spread, fields));
    Section { key: "target", about: Vec::new(), left_out: Vec::new(), node }
}

/// The first text that is more than spaces.
fn first<'t>(texts: impl IntoIterator<Item = &'t (impl AsRef<str> + ?Sized + 't)>) -> Option<&'t str> {
    texts.into_iter().map(AsRef::as_ref).find(|text| !text.trim().is_empty())
}
