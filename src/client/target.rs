//! What a request is about: the path to it, and the words for it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but RFC 3986's unreserved characters, so that a segment stays one segment whatever it holds.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where a portal is; both ids are opaque.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortalPath {
    pub connection: String,
    /// The id that the API takes for this portal: its `targetPortalId`, or on some hubs its `id`.
    pub portal: String,
}

/// The object or collection that an operation is called on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'a> {
    Hub,
    Connection(&'a str),
    Portal(&'a PortalPath),
    UserGroup(&'a PortalPath, &'a str),
    GroupMapping { portal: &'a PortalPath, user_group: &'a str, provider: &'a str, name: &'a str },
    Asset { portal: &'a PortalPath, group_id: &'a str, asset_id: &'a str },
    User(&'a PortalPath, &'a str),
    Prospect(&'a PortalPath, &'a str),
    AccessManagement,
    Organization(&'a str),
}

impl Target<'_> {
    /// Returns the path with every segment percent-encoded whole, or the segment that no URL can carry.
    pub(super) fn path(&self) -> Result<String, String> {
        let mut path = PathBuilder { path: String::with_capacity(160), unusable: None };
        match *self {
            Self::Hub => path.hub(),
            Self::Connection(connection) => path.connection(connection),
            Self::Portal(portal) => path.portal(portal),
            Self::UserGroup(portal, user_group) => path.portal(portal).constant("/userGroups").segment(user_group),
            Self::GroupMapping { portal, user_group, provider, name } => path
                .portal(portal)
                .constant("/userGroups")
                .segment(user_group)
                .constant("/groupMappings")
                .segment(provider)
                .segment(name),
            Self::Asset { portal, group_id, asset_id } => {
                path.portal(portal).constant("/assets").segment(group_id).segment(asset_id)
            }
            Self::User(portal, user) => path.portal(portal).constant("/users").segment(user),
            Self::Prospect(portal, prospect) => path.portal(portal).constant("/prospects").segment(prospect),
            Self::AccessManagement => path.constant("/accounts/api"),
            Self::Organization(organization) => path.constant("/accounts/api/organizations").segment(organization),
        };
        match path.unusable {
            None => Ok(path.path),
            Some(segment) => Err(segment),
        }
    }

    /// Returns what a 404 says is missing.
    pub(super) fn description(&self) -> String {
        match *self {
            Self::Hub => "the API Experience Hub's management API".to_owned(),
            Self::Connection(connection) => format!("connection {connection}"),
            Self::Portal(portal) => in_portal(portal),
            Self::UserGroup(portal, user_group) => format!("user group {user_group} in {}", in_portal(portal)),
            Self::GroupMapping { portal, user_group, provider, name } => {
                format!(
                    "the mapping of `{name}` of provider {provider} to user group {user_group} in {}",
                    in_portal(portal)
                )
            }
            Self::Asset { portal, group_id, asset_id } => {
                format!("asset {group_id}/{asset_id} in {}", in_portal(portal))
            }
            Self::User(portal, user) => format!("member {user} in {}", in_portal(portal)),
            Self::Prospect(portal, prospect) => format!("prospect {prospect} in {}", in_portal(portal)),
            Self::AccessManagement => "Access Management's API".to_owned(),
            Self::Organization(organization) => format!("organization {organization}"),
        }
    }
}

fn in_portal(portal: &PortalPath) -> String {
    let PortalPath { connection, portal } = portal;
    format!("portal {portal} of connection {connection}")
}

struct PathBuilder {
    path: String,
    unusable: Option<String>,
}

impl PathBuilder {
    fn constant(&mut self, constant: &str) -> &mut Self {
        self.path.push_str(constant);
        self
    }

    fn segment(&mut self, segment: &str) -> &mut Self {
        // A URL parser drops these three, even percent-encoded, and the request would reach something else.
        if matches!(segment, "" | "." | "..") {
            self.unusable.get_or_insert_with(|| segment.to_owned());
        }
        self.path.push('/');
        self.path.extend(utf8_percent_encode(segment, SEGMENT));
        self
    }

    fn hub(&mut self) -> &mut Self {
        self.constant("/api-experience-hub/api/v1")
    }

    fn connection(&mut self, connection: &str) -> &mut Self {
        self.hub().constant("/connections").segment(connection)
    }

    fn portal(&mut self, portal: &PortalPath) -> &mut Self {
        self.connection(&portal.connection).constant("/apiPortals").segment(&portal.portal)
    }
}

/// Appends `name=value` to a query that is empty or starts with `?`.
pub(super) fn push_query(query: &mut String, name: &str, value: &str) {
    query.push(if query.is_empty() { '?' } else { '&' });
    query.push_str(name);
    query.push('=');
    query.extend(utf8_percent_encode(value, SEGMENT));
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    fn portal() -> PortalPath {
        PortalPath { connection: "conn-001".into(), portal: "p/1".into() }
    }

    #[test]
    fn hostile_names_stay_one_segment() {
        let portal = portal();
        let target = Target::GroupMapping {
            portal: &portal,
            user_group: "g",
            provider: "mulesoft",
            name: "CN=a/b,OU=ü ?#%2F..;\u{202e}",
        };
        assert_eq!(
            target.path().unwrap(),
            "/api-experience-hub/api/v1/connections/conn-001/apiPortals/p%2F1/userGroups/g/groupMappings/mulesoft/\
             CN%3Da%2Fb%2COU%3D%C3%BC%20%3F%23%252F..%3B%E2%80%AE"
        );
    }

    #[test]
    fn segments_that_a_url_would_drop_are_refused() {
        let portal = portal();
        for segment in ["", ".", ".."] {
            assert_eq!(Target::UserGroup(&portal, segment).path(), Err(segment.to_owned()));
        }
        assert!(Target::UserGroup(&portal, "...").path().is_ok());
    }

    proptest! {
        #[test]
        fn a_segment_survives_the_url_parser(name in any::<String>()) {
            let portal = portal();
            if let Ok(path) = Target::UserGroup(&portal, &name).path() {
                let url = reqwest::Url::parse(&format!("http://127.0.0.1{path}?x=1")).unwrap();
                let segments: Vec<_> = url.path_segments().unwrap().collect();
                prop_assert_eq!(segments.len(), 9);
                prop_assert_eq!(percent_decode_str(segments[8]).decode_utf8().unwrap(), name);
            } else {
                prop_assert!(["", ".", ".."].contains(&name.as_str()));
            }
        }
    }
}
