//! Faults as a plain HTTP client meets them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::super::{Cause, Edit, Event, Faults, LoggedRequest, Member, Portal, Witness};
use super::*;

/// What came back: a status with the body, or no whole answer.
#[derive(Debug, PartialEq)]
enum Came {
    Answer(u16, String),
    /// A status, and a body that ends too early.
    Half(u16),
    Nothing,
}

async fn hub(faults: &str) -> Hub {
    hub_with(faults, None).await
}

/// Signed in before the faults begin.
async fn hub_with(text: &str, witness: Option<Witness>) -> Hub {
    let faults = parse(text);
    let seed = Some(demo().to_owned());
    // Ids follow the seed that the emulator started with; nothing else happens until sign-in is over.
    let start = parse("seed=1,cut=0%");
    let hub = running(Options { seed, faults: start, witness, ..Options::default() }).await;
    hub.running.set_faults(faults);
    hub.running.forget_requests();
    hub
}

fn parse(faults: &str) -> Faults {
    Faults::parse(faults).unwrap_or_else(|error| panic!("{faults}: {error:#}"))
}

impl Hub {
    async fn try_send(&self, request: RequestBuilder) -> Came {
        match request.send().await {
            Err(error) => {
                assert!(!error.is_connect() && !error.is_timeout(), "{error:?}");
                Came::Nothing
            }
            Ok(response) => {
                let status = response.status().as_u16();
                match response.bytes().await {
                    Ok(body) => Came::Answer(status, String::from_utf8_lossy(&body).into_owned()),
                    Err(_) => Came::Half(status),
                }
            }
        }
    }

    async fn create(&self, name: &str) -> Came {
        self.try_send(self.request(Method::POST, &self.path("userGroups")).json(&json!({"name": name}))).await
    }

    async fn count(&self) -> Came {
        self.try_send(self.request(Method::GET, &self.path("prospects/count"))).await
    }

    fn names(&self) -> BTreeSet<String> {
        self.portal().groups.into_iter().map(|group| group.name).collect()
    }

    fn portal(&self) -> Portal {
        self.running.world().expect("the world can be read").portals.remove(0)
    }

    fn faults(&self) -> Vec<(Option<u16>, Option<&'static str>)> {
        self.running.requests().into_iter().map(|LoggedRequest { status, fault, .. }| (status, fault)).collect()
    }
}

#[tokio::test]
async fn a_fault_before_the_effect_has_none_and_one_after_it_has() {
    for (fault, status, has_effect) in [
        ("429-bare", Some(429), false),
        ("500-before", Some(500), false),
        ("500-after", Some(500), true),
        ("502-before", Some(502), false),
        ("502-after", Some(502), true),
        ("503-before", Some(503), false),
        ("503-after", Some(503), true),
        ("504-before", Some(504), false),
        ("504-after", Some(504), true),
        ("reset-before", None, false),
        ("reset-after", None, true),
    ] {
        let hub = hub(&format!("{fault}@writes#2")).await;
        assert_eq!(hub.create("One").await, Came::Answer(200, String::new()), "{fault}");
        match (hub.create("Two").await, status) {
            (Came::Nothing, None) => {}
            (Came::Answer(came, _), Some(status)) => assert_eq!(came, status, "{fault}"),
            other => panic!("{fault}: {other:?}"),
        }
        assert_eq!(hub.names().contains("Two"), has_effect, "{fault}");
        assert_eq!(hub.create("Three").await, Came::Answer(200, String::new()), "{fault}");
        assert_eq!(hub.faults(), [(Some(200), None), (status, Some(fault)), (Some(200), None)]);
    }
}

#[tokio::test]
async fn an_answer_ends_in_its_middle() {
    let hub = hub("cut#1,cut#2").await;
    assert_eq!(hub.count().await, Came::Half(200));
    // Even one that has no body.
    assert_eq!(hub.create("One").await, Came::Half(200));
    assert!(hub.names().contains("One"));
    assert_eq!(hub.count().await, Came::Answer(200, r#"{"count":3}"#.to_owned()));
    assert_eq!(hub.faults(), [(Some(200), Some("cut")), (Some(200), Some("cut")), (Some(200), None)]);
}

#[tokio::test]
async fn a_body_is_something_else() {
    let hub = hub("garbled").await;
    let mut seen = BTreeSet::new();
    for _ in 0..20 {
        let Came::Answer(200, body) = hub.count().await else { panic!("an answer") };
        assert!(serde_json::from_str::<Value>(&body).is_err(), "{body}");
        seen.insert(body);
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(matches!(hub.create("One").await, Came::Answer(200, _)));
    assert!(hub.names().contains("One"));
}

#[tokio::test]
async fn a_limit_tells_when_to_come_back() {
    let hub = hub("429-bare#1,429-retry-after#2=7s,429-reset#3=90s,503-before#4=2s,429#5=0s").await;
    let mut hints = Vec::new();
    for _ in 0..4 {
        let response = hub.request(Method::GET, &hub.path("prospects/count")).send().await.expect("an answer");
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        let reset = header("x-ratelimit-reset").map(|reset| {
            let ahead = reset.parse::<i64>().expect("a number") - jiff::Timestamp::now().as_second();
            // The clock may pass a second in between.
            (85..=91).contains(&ahead)
        });
        hints.push((response.status().as_u16(), header("retry-after"), header("x-ratelimit-remaining"), reset));
    }
    assert_eq!(
        hints,
        [
            (429, None, None, None),
            (429, Some("7".to_owned()), None, None),
            (429, None, Some("0".to_owned()), Some(true)),
            (503, Some("2".to_owned()), None, None),
        ]
    );
}

#[tokio::test]
async fn a_rate_is_kept_in_earnest() {
    // Nothing comes back to the bucket while the test runs.
    let hub = hub("rate=3/1h,reset#4").await;
    for remaining in ["2", "1", "0"] {
        let response = hub.request(Method::GET, &hub.path("prospects/count")).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["x-ratelimit-limit"], "3");
        assert_eq!(response.headers()["x-ratelimit-remaining"], remaining);
    }
    let response = hub.request(Method::GET, &hub.path("prospects/count")).send().await.expect("an answer");
    let wait: u64 = response.headers()["retry-after"].to_str().expect("text").parse().expect("a number");
    assert_eq!((response.status().as_u16(), (1100..=1200).contains(&wait)), (429, true), "{wait}");
    assert!(matches!(hub.create("One").await, Came::Answer(429, _)));
    assert!(!hub.names().contains("One"));
    assert_eq!(hub.faults().last(), Some(&(Some(429), Some("rate"))));
}

/// Sends it, and goes away as soon as the portal has a group whose name begins like this.
async fn leave_at(hub: &Hub, name: &str, sign: &str) {
    let sending = hub.request(Method::POST, &hub.path("userGroups")).json(&json!({"name": name})).send();
    tokio::pin!(sending);
    while !hub.names().iter().any(|name| name.starts_with(sign)) {
        tokio::select! {
            _ = &mut sending => panic!("{name} was answered"),
            () = tokio::task::yield_now() => {}
        }
    }
}

#[tokio::test]
async fn a_slow_answer_outlasts_its_client_and_the_effect_stays() {
    let hub = hub("slow@writes#1=1h,editor-create@writes#2,slow-before@writes#2=1h,slow@writes#3=1ms").await;
    leave_at(&hub, "Late", "Late").await;
    // The editor shows that the second one has arrived.
    leave_at(&hub, "Never", "Editor's").await;
    assert_eq!(hub.create("Soon").await, Came::Answer(200, String::new()));
    let names = hub.names();
    assert!(names.contains("Late") && names.contains("Soon") && !names.contains("Never"), "{names:?}");
    hub.running.shutdown().await.expect("it does not wait an hour");
}

#[tokio::test]
async fn what_hangs_is_in_the_log_at_once_and_ends_with_the_server() {
    for (fault, has_effect) in [("hang", false), ("hang-after", true)] {
        let hub = hub(&format!("{fault}@createUserGroup")).await;
        let request = hub.request(Method::POST, &hub.path("userGroups")).json(&json!({"name": "One"}));
        let sending = tokio::spawn(request.send());
        while hub.faults().is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(hub.faults(), [(None, Some(fault))]);
        assert_eq!(hub.names().contains("One"), has_effect, "{fault}");
        assert!(!sending.is_finished());
        hub.running.shutdown().await.expect("it does not wait for ever");
        sending.await.expect("no panic").expect_err("the connection is lost");
    }
}

#[tokio::test]
async fn from_a_stop_on_nothing_is_done_until_faults_end() {
    for (fault, has_effect) in [("stop", false), ("stop-after", true)] {
        let hub = hub(&format!("{fault}@writes#2,500-before#5")).await;
        assert_eq!(hub.create("One").await, Came::Answer(200, String::new()));
        assert_eq!(hub.create("Two").await, Came::Nothing);
        assert_eq!(hub.create("Three").await, Came::Nothing);
        assert_eq!(hub.count().await, Came::Nothing);
        let names = hub.names();
        assert_eq!((names.contains("Two"), names.contains("Three")), (has_effect, false), "{fault}");
        let stopped = (None, Some(fault));
        assert_eq!(hub.faults(), [(Some(200), None), stopped, stopped, stopped]);
        hub.running.set_faults(Faults::default());
        assert_eq!(hub.create("Four").await, Came::Answer(200, String::new()));
    }
}

#[tokio::test]
async fn sign_in_is_hit_as_well() {
    let hub = hub("503-before@sign-in").await;
    let (id, secret) = (&hub.running.client_id, &hub.running.client_secret);
    let request = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret});
    hub.post("/accounts/api/v2/oauth2/token", &request).await.refused(503);
    assert_eq!(hub.count().await, Came::Answer(200, r#"{"count":3}"#.to_owned()));
}

#[tokio::test]
async fn reads_are_late_and_switches_are_set_by_the_text() {
    let seed = Some(demo().to_owned());
    let hub = running(Options { seed, faults: parse("lag=1,lists=wrapped"), ..Options::default() }).await;
    let count = async || hub.get("prospects/count").await.ok()["count"].clone();
    assert_eq!(count().await, 3);
    hub.delete(&format!("prospects/{}", ids::BOB)).await.ok();
    assert_eq!([count().await, count().await], [json!(3), json!(2)]);
    assert!(hub.get("prospects").await.ok()["prospects"].is_array());
}

/// The faults of many requests, by request.
async fn of_many(faults: &str, backwards: bool) -> Vec<String> {
    let hub = hub(faults).await;
    let mut numbers: Vec<u32> = (0..60).collect();
    if backwards {
        numbers.reverse();
    }
    for number in numbers {
        hub.create(&format!("Group {}", number / 2)).await;
        hub.try_send(hub.request(Method::GET, &hub.path(&format!("users?searchTerm={number}")))).await;
    }
    let name = |request: LoggedRequest| format!("{} {:?}", request.path, request.fault);
    let mut faults: Vec<String> = hub.running.requests().into_iter().map(name).collect();
    faults.sort();
    faults
}

#[tokio::test]
async fn a_seed_gives_the_same_faults_in_whatever_order_requests_come() {
    const FAULTS: &str = "429=10%:0s,503=10%,reset=10%,cut=5%,garbled=5%,slow=5%:0ms";
    let first = of_many(&format!("seed=7,{FAULTS}"), false).await;
    assert_eq!(of_many(&format!("{FAULTS},seed=7"), true).await, first);
    assert_ne!(of_many(&format!("seed=8,{FAULTS}"), false).await, first);
    let hit = first.iter().filter(|line| !line.ends_with("None")).count();
    assert!((30..80).contains(&hit), "{hit} of {}", first.len());
    // What is more likely hits the same ones, and more.
    let likelier = of_many("seed=7,429=60%:0s", false).await;
    let of = |lines: &[String]| lines.iter().filter(|line| line.contains("429")).cloned().collect::<BTreeSet<_>>();
    assert!(of(&first).is_subset(&of(&likelier)) && of(&first).len() < of(&likelier).len());
}

#[tokio::test]
async fn drawn_faults_end_where_the_text_says() {
    let hub = hub("429=100%,until=2,500-before#4").await;
    for status in [429, 429, 200, 500, 200] {
        assert!(matches!(hub.count().await, Came::Answer(came, _) if came == status), "{status}");
    }
}

#[tokio::test]
async fn ids_of_what_is_created_follow_from_the_seed() {
    let created = async || {
        let hub = hub("cut=0%").await;
        hub.create("One").await;
        hub.patch(&format!("prospects/{}", ids::BOB), &json!({"userGroupIds": []})).await.ok();
        let portal = hub.portal();
        let group = portal.groups.into_iter().find(|group| group.name == "One").expect("it was created").id;
        (group, portal.members.into_iter().map(|member| member.id).collect::<BTreeSet<_>>())
    };
    assert_eq!(created().await, created().await);
}

#[tokio::test]
async fn the_editor_changes_one_thing_of_each_kind_and_is_in_the_log() {
    let hub = hub("editor-create#1,editor-rename#2,editor-map#3,editor-unmap#4,editor-disable#5,editor-enable#6,\
                   editor-join#7,editor-leave#8,editor-widen#9,editor-narrow#10,editor-twin#11,editor-twin#12")
    .await;
    let mut last = hub.portal();
    let mut kinds = Vec::new();
    for number in 1..=12 {
        if number == 12 {
            // The hub takes no second group of this name.
            assert!(matches!(hub.create("Mine").await, Came::Answer(400, _)));
        } else {
            hub.count().await;
        }
        let now = hub.portal();
        let edits = hub.running.requests().pop().expect("it was logged").editor;
        assert_eq!(edits.is_empty(), now == last, "{number}: {edits:?}");
        kinds.extend(edits.iter().map(|edit| serde_json::to_value(edit).expect("JSON")["action"].clone()));
        last = now;
    }
    assert_eq!(
        kinds,
        ["create", "rename", "map", "unmap", "disable", "enable", "join", "leave", "widen", "narrow", "twin"]
    );
    assert!(hub.names().contains("Mine"));
}

#[tokio::test]
async fn the_editor_does_the_same_for_the_same_seed() {
    let edits = async |faults: &str| {
        let hub = hub(faults).await;
        for number in 0..40 {
            hub.try_send(hub.request(Method::GET, &hub.path(&format!("users?searchTerm={number}")))).await;
        }
        hub.running.requests().into_iter().map(|request| request.editor).collect::<Vec<_>>()
    };
    let first = edits("seed=3,editor=50%").await;
    assert_eq!(edits("editor=50%,seed=3").await, first);
    assert_ne!(edits("seed=4,editor=50%").await, first);
    let kinds: BTreeSet<String> = first.iter().flatten().map(|edit| format!("{edit:?}")[..4].to_owned()).collect();
    assert!(kinds.len() > 4, "{kinds:?}");
}

#[tokio::test]
async fn a_witness_sees_the_world_after_each_change() {
    let seen: Arc<Mutex<Vec<Event>>> = Arc::default();
    let told = seen.clone();
    let witness = Witness::new(move |event| told.lock().expect("nobody panics").push(event.clone()));
    let hub = hub_with("editor-disable#2,reset-after#3", Some(witness)).await;
    assert_eq!(hub.create("One").await, Came::Answer(200, String::new()));
    hub.count().await;
    assert_eq!(hub.create("Two").await, Came::Nothing);
    assert!(matches!(hub.create("Two").await, Came::Answer(400, _)));
    let seen = seen.lock().expect("nobody panics");
    let causes: Vec<_> = seen.iter().map(|event| (event.request, event.cause.clone())).collect();
    let created = Cause::Request { operation_id: "createUserGroup" };
    let [first, (2, Cause::Edit(Edit::Disable { user })), third] = causes.as_slice() else { panic!("{causes:?}") };
    assert_eq!((first, third), (&(1, created.clone()), &(3, created)));
    let active = |event: &Event| {
        event.world.portals[0]
            .members
            .iter()
            .filter(|member| member.is_active)
            .map(|member| member.id.clone())
            .collect()
    };
    let [before, after]: [BTreeSet<String>; 2] = [active(&seen[0]), active(&seen[1])];
    assert_eq!(before.difference(&after).collect::<Vec<_>>(), [user]);
    let groups: Vec<usize> = seen.iter().map(|event| event.world.portals[0].groups.len()).collect();
    assert_eq!(groups, [groups[0], groups[0], groups[0] + 1]);
}

/// The independent word is the hub's own search, asked for a group and all above it.
#[tokio::test]
async fn who_sees_what_is_reckoned_through_ancestors() {
    let hub = demo_hub(&[]).await;
    let portal = hub.portal();
    for group in &portal.groups {
        let request = json!({"userGroupId": group.id, "showInherited": true});
        let found = hub.post("assets/search", &request).await.ok();
        let found: BTreeSet<String> = found["assets"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|asset| asset["assetId"].as_str().expect("an id").to_owned())
            .collect();
        let member = Member {
            id: String::new(),
            email: String::new(),
            username: None,
            is_active: true,
            groups: BTreeSet::from([group.id.clone()]),
        };
        let mut seen: BTreeSet<String> = portal.seen_by(&member).into_iter().map(|(_, asset, _)| asset).collect();
        let everyone = Member { groups: BTreeSet::new(), ..member.clone() };
        let common: BTreeSet<String> = portal.seen_by(&everyone).into_iter().map(|(_, asset, _)| asset).collect();
        seen.extend(common.iter().cloned());
        assert_eq!(seen, found.union(&common).cloned().collect(), "{}", group.name);
        assert_eq!(portal.seen_by(&Member { is_active: false, ..member }), BTreeSet::new());
    }
    assert!(portal.seen_by_guests().len() < portal.seen_by(&portal.members[0]).len());
}

/// docs/emulator.md lists every switch and every fault; `UPDATE_EMULATOR=1` rewrites its lists.
#[test]
fn the_document_lists_every_switch_and_fault() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/emulator.md");
    let document = std::fs::read_to_string(path).expect("the document is there");
    let cell = |text: &str| text.trim().replace('|', "\\|");
    let switches = Switches::ALL.iter().map(|switch| {
        let values = if switch.values.is_empty() {
            format!("a number, {}", switch.default)
        } else {
            switch.values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
        };
        format!("| `{}` | {values} | {} |\n", switch.name, cell(switch.about))
    });
    let faults = Faults::ALL.iter().map(|fault| format!("| `{}` | {} |\n", fault.name, cell(fault.about)));
    let lists = [
        ("switches", format!("| switch | values | what it decides |\n|---|---|---|\n{}", switches.collect::<String>())),
        ("faults", format!("| fault | what happens |\n|---|---|\n{}", faults.collect::<String>())),
    ];
    let current = lists.iter().fold(document.clone(), |document, (name, list)| {
        let (first, rest) = document.split_once(&format!("<!-- {name} -->\n")).expect("the list begins");
        let (_, last) = rest.split_once(&format!("<!-- /{name} -->\n")).expect("the list ends");
        format!("{first}<!-- {name} -->\n{list}<!-- /{name} -->\n{last}")
    });
    if std::env::var_os("UPDATE_EMULATOR").is_some() {
        std::fs::write(path, current).expect("the document can be written");
    } else {
        assert_eq!(document, current, "UPDATE_EMULATOR=1 cargo test --lib the_document_lists");
    }
}
