//! The emulator over HTTP: every operation, every constraint, and each switch's other side.

mod access_management;
mod assets;
mod contract;
mod faults;
mod groups;
mod people;
mod seeds;
mod transport;

use std::sync::Once;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::{Options, Running, Switches, demo, start};

/// What the demo's document calls its things.
mod ids {
    pub(super) const ROOT: &str = "0e000001-0000-4000-8000-000000000001";
    pub(super) const FINANCE: &str = "0e000001-0000-4000-8000-000000000002";
    pub(super) const WAREHOUSING: &str = "0e000001-0000-4000-8000-000000000004";
    pub(super) const OKTA: &str = "1d000001-0000-4000-8000-000000000001";
    pub(super) const SAML: &str = "1d000001-0000-4000-8000-000000000002";
    pub(super) const SELF_REGISTRATION: &str = "1d000001-0000-4000-8000-000000000009";
    pub(super) const CONNECTION: &str = "c0000001-0000-4000-8000-000000000001";
    pub(super) const PORTAL: &str = "b0000001-0000-4000-8000-000000000001";
    pub(super) const TARGET: &str = "b0000002-0000-4000-8000-000000000001";
    pub(super) const ADMINISTRATORS: &str = "a0000001-0000-4000-8000-000000000001";
    pub(super) const GUESTS: &str = "a0000001-0000-4000-8000-000000000002";
    pub(super) const MEMBERS: &str = "a0000001-0000-4000-8000-000000000003";
    pub(super) const DEVELOPERS: &str = "a0000001-0000-4000-8000-000000000004";
    pub(super) const GOLD: &str = "a0000001-0000-4000-8000-000000000005";
    pub(super) const ACME: &str = "a0000001-0000-4000-8000-000000000006";
    pub(super) const GLOBEX: &str = "a0000001-0000-4000-8000-000000000007";
    pub(super) const SUPPORT: &str = "a0000001-0000-4000-8000-000000000008";
    pub(super) const BETA: &str = "a0000001-0000-4000-8000-000000000009";
    pub(super) const KEN: &str = "e0000001-0000-4000-8000-000000000003";
    pub(super) const FRED: &str = "e0000001-0000-4000-8000-000000000007";
    pub(super) const DORA: &str = "e0000001-0000-4000-8000-000000000008";
    pub(super) const ADA: &str = "f0000001-0000-4000-8000-000000000001";
    pub(super) const BOB: &str = "f0000001-0000-4000-8000-000000000002";
    pub(super) const GINA_REQUEST: &str = "f0000001-0000-4000-8000-000000000004";
    pub(super) const NOBODY: &str = "99999999-0000-4000-8000-000000000000";
}

/// An emulator with a signed-in client.
struct Hub {
    running: Running,
    client: Client,
    token: String,
    /// The path of its portal.
    portal: String,
}

/// A status and a body: JSON, or null where there is none.
#[derive(Debug, PartialEq)]
struct Reply {
    status: u16,
    body: Value,
}

impl Reply {
    /// The body of an answer that must be a success.
    #[track_caller]
    fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// The message of an error that must have this status and the vendor's envelope.
    #[track_caller]
    fn refused(self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.body["status"], status);
        assert!(self.body["name"].is_string() && self.body["details"].is_array(), "{}", self.body);
        let details = self.body["details"].as_array().into_iter().flatten().map(|detail| detail["message"].as_str());
        let lines = [self.body["message"].as_str()].into_iter().chain(details).flatten();
        lines.collect::<Vec<_>>().join(": ")
    }
}

fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Another module's tests may have installed it already, which is as good.
        rustls::crypto::ring::default_provider().install_default().ok();
    });
    Client::builder().no_proxy().build().expect("a client without special needs can be built")
}

async fn running(options: Options) -> Hub {
    let running = start(options).await.expect("the emulator starts");
    let client = client();
    let mut hub = Hub { running, client, token: String::new(), portal: String::new() };
    hub.portal = format!("/api-experience-hub/api/v1/connections/{}/apiPortals/{}", ids::CONNECTION, ids::TARGET);
    let (id, secret) = (hub.running.client_id.clone(), hub.running.client_secret.clone());
    let request = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret});
    let token = hub.post("/accounts/api/v2/oauth2/token", &request).await.ok();
    token["access_token"].as_str().expect("a token").clone_into(&mut hub.token);
    hub
}

/// An emulator with the demo organization and these switches.
async fn demo_hub(switches: &[&str]) -> Hub {
    seeded(demo(), switches).await
}

async fn seeded(seed: &str, switches: &[&str]) -> Hub {
    let switches = Switches::parse(switches).expect("switches of the test's own");
    running(Options { seed: Some(seed.to_owned()), switches, ..Options::default() }).await
}

impl Hub {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.running.url)).bearer_auth(&self.token)
    }

    async fn send(&self, request: RequestBuilder) -> Reply {
        let response = request.send().await.expect("the emulator answers");
        let status = response.status().as_u16();
        let bytes = response.bytes().await.expect("the body arrives");
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("JSON") };
        Reply { status, body }
    }

    /// GET below the portal, or from the root with a leading slash.
    async fn get(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, &self.path(path))).await
    }

    async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::POST, &self.path(path)).json(body)).await
    }

    async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::PUT, &self.path(path)).json(body)).await
    }

    async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send(self.request(Method::PATCH, &self.path(path)).json(body)).await
    }

    async fn delete(&self, path: &str) -> Reply {
        self.send(self.request(Method::DELETE, &self.path(path))).await
    }

    fn path(&self, path: &str) -> String {
        if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.portal) }
    }

    /// The groups' names, each with its children's.
    async fn tree(&self) -> Value {
        fn names(groups: &Value) -> Value {
            let groups = groups.as_array().expect("a list of groups");
            groups
                .iter()
                .map(|group| match names(&group["children"]) {
                    Value::Array(children) if children.is_empty() => group["name"].clone(),
                    children => json!({group["name"].as_str().expect("a name"): children}),
                })
                .collect()
        }
        names(&self.get("userGroups").await.ok())
    }

    /// The id of a group by its name.
    async fn group_id(&self, name: &str) -> String {
        fn find(groups: &Value, name: &str) -> Option<String> {
            groups.as_array()?.iter().find_map(|group| {
                if group["name"] == name {
                    group["id"].as_str().map(str::to_owned)
                } else {
                    find(&group["children"], name)
                }
            })
        }
        find(&self.get("userGroups").await.ok(), name).expect("the group is there")
    }

    /// The version → groups of an asset.
    async fn audiences(&self, asset: &str) -> Value {
        let detail = self.get(&format!("assets/{asset}")).await.ok();
        let versions = detail["minorVersionProfilesVisibility"].as_array().expect("a list of versions");
        versions
            .iter()
            .map(|version| {
                (version["minorVersion"].as_str().expect("a version").to_owned(), version["profileVisibility"].clone())
            })
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}
