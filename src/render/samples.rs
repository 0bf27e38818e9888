//! Plans and reports built by hand, for the tests of the renderers.

use std::collections::BTreeMap;

use crate::address::{Address, Kind};
use crate::directory::Directory;
use crate::id::{ChangeId, GroupName};
use crate::kinds::assets::spec::AssetSpec;
use crate::kinds::idp_mappings::spec::IdpMappingSpec;
use crate::kinds::members::spec::MemberSpec;
use crate::kinds::prospects::spec::{ApprovalSpec, ProspectSpec};
use crate::kinds::user_groups::spec::UserGroupSpec;
use crate::manifest::model::Instances;
use crate::plan::{
    Change, Edit, Guards, Held, Notice, NoticeLevel, Operation, Phase, Plan, PlanTarget, Summary, Unmanaged, Waiting,
};
use crate::report::{ChangeResult, Outcome, Report};
use crate::state::{LiveConnection, LivePortal};

/// What a hostile portal might hold.
pub(super) const HOSTILE: [&str; 16] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "safe\u{202e}gnp.exe\u{2066}",
    "\u{200b}zero\u{200d}width\u{feff}",
    "</details></summary><script>alert(1)</script>",
    "@everyone",
    "see #1, org/repo#2 and GH-3",
    "::add-mask::x",
    "  ::set-output name=x::y",
    "##[group]open ##vso[task.setvariable]x",
    "=HYPERLINK(\"https://evil.example\",\"x\")",
    "```\n```diff\n+ assets/fake",
    "first\n::error::second\r\u{2028}third",
    "[click](https://evil.example) ![img](x) <https://evil.example>",
    "A, + Administrators] → [",
    "`code` | *bold* _it_ ~~no~~ \\",
    ":",
];

/// A plan in the making.
#[derive(Default)]
pub(super) struct Sample {
    plan: Option<Plan>,
}

impl Sample {
    pub(super) fn new() -> Self {
        Self {
            plan: Some(Plan {
                portal: "developer-portal".to_owned(),
                target: PlanTarget {
                    portal: LivePortal {
                        organization: None,
                        connection: LiveConnection {
                            id: "conn-001".to_owned(),
                            domain: Some("example.my.salesforce.com".to_owned()),
                            environment: Some("PRODUCTION".to_owned()),
                            organization_id: None,
                            default_provider: None,
                        },
                        name: "Developer Portal".to_owned(),
                        id: "portal-1".to_owned(),
                        target_portal_id: None,
                        internal_portal_id: None,
                        path_id: "portal-1".to_owned(),
                        region: Some("us".to_owned()),
                        emulator: false,
                    },
                    user_groups: Directory::default(),
                    identity_providers: BTreeMap::new(),
                    business_groups: BTreeMap::from([("bg-1".to_owned(), "Finance".to_owned())]),
                    pseudonyms: false,
                },
                changes: Vec::new(),
                summary: Summary::default(),
                unmanaged: BTreeMap::new(),
                waiting: Vec::new(),
                notices: Vec::new(),
                allow: [].into(),
                commit: None,
                applied: None,
                base: None,
                held: Vec::new(),
                accepted: [].into(),
                only: None,
                access: None,
                promotes: None,
                guards: Guards::default(),
                forecast: None,
            }),
        }
    }

    fn get(&mut self) -> &mut Plan {
        self.plan.as_mut().expect("a sample is used once")
    }

    pub(super) fn with(mut self, edit: impl FnOnce(&mut Plan)) -> Self {
        edit(self.get());
        self
    }

    pub(super) fn emulator(self) -> Self {
        self.with(|plan| plan.target.portal.emulator = true)
    }

    pub(super) fn change(self, phase: Phase, kind: Kind, segments: &[&str], edit: Edit, reason: Option<&str>) -> Self {
        self.with(|plan| {
            let id = ChangeId::from((plan.changes.len() + 1).to_string());
            plan.changes.push(Change {
                id,
                address: Address::new("developer-portal", kind, segments),
                object_id: None,
                fields: edit.changed_fields(),
                edit,
                phase,
                depends_on: Vec::new(),
                reason: reason.map(ToOwned::to_owned),
                origin: None,
            });
        })
    }

    pub(super) fn caused_by(self, path: &str, cause: &str) -> Self {
        self.with(|plan| {
            let change = plan.changes.last_mut().expect("a change comes first");
            for field in change.fields.iter_mut().filter(|field| field.path == path) {
                field.cause = Some(cause.to_owned());
            }
        })
    }

    pub(super) fn group_created(self, name: &str, parent: Option<&str>) -> Self {
        let edit = Edit::UserGroup(Operation::Create { after: group(name, None, parent) });
        self.change(Phase::Groups, Kind::UserGroups, &[name], edit, None)
    }

    pub(super) fn group_updated(self, before: UserGroupSpec, after: UserGroupSpec, reason: Option<&str>) -> Self {
        let name = after.name.to_string();
        let edit = Edit::UserGroup(Operation::Update { before, after });
        self.change(Phase::Groups, Kind::UserGroups, &[&name], edit, reason)
    }

    pub(super) fn group_deleted(self, name: &str) -> Self {
        let edit = Edit::UserGroup(Operation::Delete { before: group(name, None, None) });
        self.change(Phase::Clear, Kind::UserGroups, &[name], edit, Some("state: absent"))
    }

    pub(super) fn mapping_created(self, group: &str, provider: &str, external: &str) -> Self {
        let after = IdpMappingSpec { user_group: group.into(), provider: provider.into(), group: external.to_owned() };
        let edit = Edit::IdpMapping(Operation::Create { after });
        self.change(Phase::People, Kind::IdpMappings, &[group, provider, external], edit, None)
    }

    pub(super) fn asset_created(self, name: &str, versions: &[(&str, &[&str])]) -> Self {
        let edit = Edit::Asset(Operation::Create { after: asset(Some(Instances::Public), versions) });
        self.change(Phase::Widen, Kind::Assets, &["bg-1", name], edit, None)
    }

    pub(super) fn asset_updated(self, phase: Phase, name: &str, before: AssetSpec, after: AssetSpec) -> Self {
        let edit = Edit::Asset(Operation::Update { before, after });
        self.change(phase, Kind::Assets, &["bg-1", name], edit, None)
    }

    pub(super) fn asset_deleted(self, name: &str) -> Self {
        let edit = Edit::Asset(Operation::Delete { before: asset(None, &[("v1", &["Gold Tier"])]) });
        self.change(Phase::Narrow, Kind::Assets, &["bg-1", name], edit, Some("prune: Finance/*"))
    }

    pub(super) fn member_updated(self, name: &str, before: MemberSpec, after: MemberSpec) -> Self {
        self.change(Phase::People, Kind::Members, &[name], Edit::Member { before, after }, None)
    }

    pub(super) fn approved(self, username: &str, email: &str, groups: &[&str]) -> Self {
        let edit =
            Edit::Approve { before: prospect(username, email), after: ApprovalSpec { user_groups: set(groups) } };
        self.change(Phase::People, Kind::Prospects, &[username], edit, Some("emailDomain: partner.example"))
    }

    pub(super) fn rejected(self, username: &str, email: &str) -> Self {
        let edit = Edit::Reject { before: prospect(username, email) };
        self.change(Phase::People, Kind::Prospects, &[username], edit, Some("email: bob@spam.example"))
    }

    pub(super) fn notice(self, level: NoticeLevel, message: &str) -> Self {
        self.with(|plan| plan.notices.push(Notice { level, message: message.to_owned() }))
    }

    pub(super) fn waiting(self, user: &str) -> Self {
        let waiting = Waiting { user: user.to_owned(), message: "has not signed up yet".to_owned() };
        self.with(|plan| plan.waiting.push(waiting))
    }

    pub(super) fn unmanaged(self, kind: Kind, count: usize, addresses: &[&[&str]]) -> Self {
        let addresses = addresses.iter().map(|segments| Address::new("developer-portal", kind, *segments)).collect();
        self.with(|plan| {
            plan.unmanaged.insert(kind, Unmanaged { count, addresses });
        })
    }

    /// Something that would give to this group.
    pub(super) fn held(self, kind: Kind, segments: &[&str], path: Option<&str>, group: &str) -> Self {
        self.with(|plan| {
            plan.held.push(Held {
                address: Address::new("developer-portal", kind, segments),
                path: path.map(ToOwned::to_owned),
                before: serde_json::json!([]),
                after: serde_json::json!([group]),
                groups: set(&[group]),
            });
        })
    }

    pub(super) fn plan(mut self) -> Plan {
        let mut plan = self.plan.take().expect("a sample is used once");
        plan.summary = Plan::summarise(&plan.changes);
        plan
    }
}

/// Every kind of change, each with the text as a name, a value, a cause and a message.
pub(super) fn hostile(text: &str) -> Plan {
    let audience = |groups: &[&str]| asset(Some(Instances::Public), &[("v1", groups), (text, groups)]);
    let groups = |names: &[&str]| member(names, true);
    let mut sample = Sample::new()
        .with(|plan| {
            text.clone_into(&mut plan.portal);
            text.clone_into(&mut plan.target.portal.name);
            plan.target.portal.connection.domain = Some(text.to_owned());
            plan.target.business_groups.insert("bg-1".to_owned(), text.to_owned());
        })
        .group_created(text, Some(text))
        .group_updated(group("Old", Some("a"), None), group(text, Some(&format!("b\n{text}\nc")), None), Some(text))
        .group_deleted(text)
        .mapping_created(text, text, text)
        .asset_created(text, &[(text, &[text])])
        .caused_by(&format!("versions.{text}"), text)
        .asset_deleted(text)
        .approved(text, text, &[text])
        .rejected(text, text)
        .notice(NoticeLevel::Warning, text)
        .notice(NoticeLevel::Note, text)
        .waiting(text)
        .unmanaged(Kind::Assets, 1, &[&[text, text]])
        .held(Kind::Assets, &[text, text], Some(&format!("versions.{text}")), text)
        .held(Kind::Assets, &[text, text], None, text)
        .held(Kind::Members, &[text], Some("userGroups"), text)
        .held(Kind::IdpMappings, &[text, text, text], None, text);
    for index in 0..5 {
        let name = format!("{text}{index}");
        sample = sample
            .asset_updated(Phase::Widen, &name, audience(&[]), audience(&[text]))
            .caused_by("versions.v1", text)
            .member_updated(&name, groups(&[]), groups(&[text]));
    }
    sample.plan()
}

/// The same outcome for each change.
pub(super) fn report(plan: &Plan, outcome: impl Fn(usize) -> Outcome) -> Report {
    let results = plan.changes.iter().enumerate().map(|(index, change)| ChangeResult {
        id: change.id.clone(),
        address: change.address.clone(),
        action: change.action(),
        outcome: outcome(index),
    });
    Report {
        portal: plan.portal.clone(),
        emulator: plan.target.portal.emulator,
        interrupted: false,
        results: results.collect(),
        sent: None,
    }
}

pub(super) fn group(name: &str, description: Option<&str>, parent: Option<&str>) -> UserGroupSpec {
    UserGroupSpec { name: name.into(), description: description.map(ToOwned::to_owned), parent: parent.map(Into::into) }
}

pub(super) fn asset(instances: Option<Instances>, versions: &[(&str, &[&str])]) -> AssetSpec {
    let versions = versions.iter().map(|(version, groups)| ((*version).to_owned(), Some(set(groups)))).collect();
    AssetSpec { instances, versions }
}

pub(super) fn member(groups: &[&str], enabled: bool) -> MemberSpec {
    MemberSpec { user_groups: Some(set(groups)), enabled: Some(enabled) }
}

fn prospect(username: &str, email: &str) -> ProspectSpec {
    ProspectSpec { email: email.to_owned(), username: Some(username.to_owned()), name: None }
}

fn set(names: &[&str]) -> std::collections::BTreeSet<GroupName> {
    names.iter().map(|name| GroupName::from(*name)).collect()
}

/// The text without the colours that we set ourselves, and no other control.
pub(super) fn without_colors(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        let length = after.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
        plain.push_str(before);
        rest = after[length..].strip_prefix('m').unwrap_or_else(|| {
            plain.push_str("\u{1b}[");
            after
        });
    }
    plain + rest
}
