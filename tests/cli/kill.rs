//! Kill -9 at every request of an apply: the next run needs no journal and no help, and comes to the same portal.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::proxy::{Proxy, Verdict};
use crate::support::{Case, Working, portal};
use crate::world::{Asset, Group, Member, Portal};

/// Every kind of write, most of them mappings, of which one read serves many.
fn manifest() -> String {
    let rows = |prefix: &str, count: usize| {
        let row = |number| format!("{{provider: Okta, group: {prefix}-{number}}}");
        (0..count).map(row).collect::<Vec<_>>().join(", ")
    };
    let partner = |number| {
        let rows = rows(&format!("partner-{number}"), 3);
        format!("    - {{name: Partner {number}, joins: [partners], idpGroups: [{rows}]}}")
    };
    let partners = (1..=6).map(partner).collect::<Vec<_>>().join("\n");
    portal(&format!(
        "  audiences: {{partners: [Gold]}}
  userGroups:
    - name: API Developers
      idpGroups: [{{provider: Okta, group: api-developers}}, {}]
      children:
        - {{name: Gold, formerly: [Gold Tier], idpGroups: [{}]}}
        - {{name: Silver}}
    - {{name: Support, description: Helps}}
    - {{name: Partner Acme, state: absent, disableMembers: true}}
{partners}
  assets:
    - {{asset: Finance/payment-api, versions: {{v1: [API Developers], v2: [audience:partners], v3: []}}}}
    - {{asset: Finance/invoice-api, versions: {{v1: [Gold, Support], v2: [system:members]}}}}
    - {{asset: Logistics/shipment-api, versions: {{v1: [system:guests], v2: [audience:partners]}}}}
    - {{asset: com.example/order-api, versions: {{v1: [audience:partners], v2: [], v3: [Support]}}}}
    - {{asset: com.example/legacy-orders, state: absent}}
    - {{asset: Finance/ledger-events, versions: {{v1: [audience:partners]}}}}
    - {{asset: Logistics/tracking-graph, versions: {{'*': [Silver]}}}}
    - {{asset: com.example/support-agent, versions: {{v1: [Support]}}}}
  members:
    - {{user: jane@example.com, userGroups: [Gold, Partner 1]}}
    - {{user: ken@example.com, userGroups: [Silver], enabled: false}}
    - {{user: gina@globex.example, userGroups: [Partner 2, Support]}}
    - {{user: dora@example.com, enabled: true}}
  prospects:
    - {{emailDomain: partner.example, approve: {{userGroups: [Partner 3]}}}}
    - {{email: bob@spam.example, reject: true}}
",
        rows("developers", 9),
        rows("gold", 9),
    ))
}

const APPLY: [&str; 6] = ["apply", "-f", "portal.yaml", "--auto-approve", "--allow", "approve,reject,delete,enable"];

/// A hub of its own in a folder of its own: `emulator serve`, as people run it.
struct Served {
    case: Case,
    url: String,
    /// It ends when this is dropped.
    _serving: Working,
}

impl Served {
    fn start() -> Self {
        let mut case = Case::new();
        case.write("portal.yaml", manifest());
        let serving = case.spawn(&["emulator", "serve", "--db", "hub.db", "--request-log", "requests.jsonl"]);
        let line: Value = serde_json::from_str(&serving.line()).expect("the first line is JSON");
        let part = |name: &str| line[name].as_str().expect("it is text").to_owned();
        case.set("ANYPOINT_CLIENT_ID", &part("client_id"));
        case.set("ANYPOINT_CLIENT_SECRET", &part("client_secret"));
        Self { case, url: part("url"), _serving: serving }
    }

    fn run(&self, host: &str, arguments: &[&str]) -> crate::support::Ended {
        self.case.run(&[&["--parallelism", "1", "--host", host], arguments].concat())
    }

    fn portal(&self) -> Portal {
        of_dump(&self.case.run(&["emulator", "dump", "--db", "hub.db"]).exits(0).stdout)
    }

    /// How often the hub was asked to change something.
    fn writes(&self) -> usize {
        let log = self.case.read("requests.jsonl");
        let requests = log.lines().map(|line| serde_json::from_str(line).expect("each line is JSON"));
        requests.filter(|request: &Value| is_write(request["operationId"].as_str().unwrap_or_default())).count()
    }

    fn announced(&self) -> usize {
        let journals = self.case.files().into_iter().filter(|file| file.starts_with(".aehctl/journal/"));
        journals.map(|journal| self.case.read(&journal).matches("\"event\":\"intended\"").count()).sum()
    }
}

fn is_write(operation: &str) -> bool {
    ["create", "update", "delete", "add", "remove", "enable", "disable", "approve", "reject"]
        .iter()
        .any(|verb| operation.starts_with(verb))
        && !operation.ends_with("Token")
}

/// Runs an apply and kills it at one request: before the hub sees it, or once the hub has done it and before its answer
/// arrives. Tells whether it was killed.
fn killed_at(served: &Served, index: usize, after_effect: bool) -> bool {
    let process: Arc<Mutex<Option<Pid>>> = Arc::default();
    let (victim, count) = (Arc::clone(&process), Mutex::new(0));
    let proxy = Proxy::before_url(&served.url, move |_, _| {
        let mut count = lock(&count);
        *count += 1;
        let victim = Arc::clone(&victim);
        let kill = move || kill_process(lock(&victim).expect("it asks, so it runs"), Signal::KILL).expect("it runs");
        match (*count == index + 1, after_effect) {
            (false, _) => Verdict::Pass,
            (true, true) => Verdict::LoseAnd(Box::new(kill)),
            (true, false) => {
                kill();
                Verdict::Answer(Vec::new())
            }
        }
    });
    let arguments = [&["--parallelism", "1", "--host", &proxy.url], &APPLY[..]].concat();
    let mut command = served.case.command(&arguments);
    // The first request waits until the process is known.
    let mut known = lock(&process);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary can be started");
    *known = Some(Pid::from_child(&child));
    drop(known);
    child.wait().expect("it ends").code().is_none()
}

/// The first portal of a dump.
fn of_dump(dump: &str) -> Portal {
    let document: Value = serde_saphyr::from_str(dump).expect("a dump is YAML");
    let portal = &document["connections"][0]["portals"][0];
    let mut names = BTreeMap::new();
    let mut groups: BTreeMap<String, Vec<Group>> = BTreeMap::new();
    walk(list(&portal["userGroups"]), None, &mut names, &mut groups);
    for mapped in groups.values_mut().flatten() {
        mapped.mappings.sort();
    }
    let groups_of = |ids: &Value| -> BTreeSet<String> {
        list(ids).iter().map(|id| names.get(&text(id)).cloned().unwrap_or_else(|| format!("no group {id}"))).collect()
    };
    let assets = list(&portal["assets"])
        .iter()
        .map(|asset| {
            let versions = list(&asset["minorVersionProfilesVisibility"])
                .iter()
                .map(|version| (text(&version["minorVersion"]), groups_of(&version["profileVisibility"])))
                .collect();
            let key = (text(&asset["groupId"]), text(&asset["assetId"]));
            (key, Asset { instances: text(&asset["instanceVisibility"]), versions })
        })
        .collect();
    let mut members: BTreeMap<String, Vec<Member>> = BTreeMap::new();
    for user in list(&portal["users"]) {
        let is_active = user["isActive"].as_bool().unwrap_or(true);
        let groups = groups_of(&user["userGroupIds"]);
        let member = Member { is_active, is_administrator: groups.contains("Administrators"), groups };
        members.entry(text(&user["username"])).or_default().push(member);
    }
    let pending = list(&portal["prospects"])
        .iter()
        .filter(|prospect| prospect["status"] == "PENDING")
        .map(|prospect| text(&prospect["username"]))
        .collect();
    Portal { groups, assets, members, pending }
}

fn walk(
    tree: &[Value],
    parent: Option<&str>,
    names: &mut BTreeMap<String, String>,
    groups: &mut BTreeMap<String, Vec<Group>>,
) {
    for group in tree {
        let name = text(&group["name"]);
        names.insert(text(&group["id"]), name.clone());
        let mappings = list(&group["groupMappings"])
            .iter()
            .map(|row| (text(&row["provider_id"]), text(&row["external_group_name"])))
            .collect();
        groups.entry(name.clone()).or_default().push(Group {
            parent: parent.map(ToOwned::to_owned),
            description: group["description"].as_str().unwrap_or_default().to_owned(),
            mappings,
        });
        walk(list(&group["children"]), Some(&name), names, groups);
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What an apply that nobody disturbs asks for, and the portal that it leaves.
fn undisturbed() -> (Vec<String>, Portal) {
    let served = Served::start();
    let requests: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = Arc::clone(&requests);
    let proxy = Proxy::before_url(&served.url, move |line, _| {
        lock(&told).push(line.to_owned());
        Verdict::Pass
    });
    served.run(&proxy.url, &APPLY).exits(0);
    assert!(served.writes() >= 60, "only {} writes", served.writes());
    assert_eq!(served.announced(), served.writes());
    let requests = lock(&requests).clone();
    (requests, served.portal())
}

/// Every fourth request, beginning with the given one: the quarters run side by side.
fn every_fourth(from: usize) {
    let (requests, expected) = undisturbed();
    assert_eq!(expected.duplicates(), Vec::<String>::new());
    for index in (from..requests.len()).step_by(4) {
        let is_write = !requests[index].starts_with("GET ") && !requests[index].contains("earch");
        // Reading has no effect to be told apart from none.
        for after_effect in [false, true].into_iter().take(if is_write { 2 } else { 1 }) {
            let context =
                format!("killed {} request {index}: {}", if after_effect { "after" } else { "at" }, requests[index]);
            let served = Served::start();
            assert!(killed_at(&served, index, after_effect), "{context}: it ended by itself");
            assert!(served.announced() >= served.writes(), "{context}: a write was sent that no journal announces");
            assert_eq!(served.portal().duplicates(), Vec::<String>::new(), "{context}");
            let second = served.run(&served.url, &APPLY);
            assert_eq!(second.status, Some(0), "{context}\n{second}");
            assert_eq!(served.portal().differences(&expected), Vec::<String>::new(), "{context}");
            let third = served.run(&served.url, &["plan", "-f", "portal.yaml", "--detailed-exitcode"]);
            assert_eq!(third.status, Some(0), "{context}\n{third}");
        }
    }
}

#[test]
fn first_quarter() {
    every_fourth(0);
}

#[test]
fn second_quarter() {
    every_fourth(1);
}

#[test]
fn third_quarter() {
    every_fourth(2);
}

#[test]
fn fourth_quarter() {
    every_fourth(3);
}
