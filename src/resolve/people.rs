//! Members and pending sign-ups: who is meant, which groups they get, who is let in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Going, Resolver};
use crate::address::Kind;
use crate::diagnostic::{Diagnostic, Location};
use crate::id::{GroupId, MemberId, ProspectId};
use crate::kinds::GroupSet;
use crate::kinds::members::spec::MOST_GROUPS;
use crate::manifest::model::{Member, ProspectDecision, ProspectMatch, ProspectRule};
use crate::plan::{Unmanaged, Waiting};
use crate::state::{DesiredDecision, DesiredMember, LiveMember, LiveProspect};

/// People by everything that an entry may call them.
struct Index<'p, P> {
    by_id: HashMap<&'p str, &'p P>,
    by_name: HashMap<String, Vec<&'p P>>,
}

impl<'p, P> Index<'p, P> {
    fn new(people: &'p [P], id: impl Fn(&'p P) -> &'p str, names: impl Fn(&'p P) -> [Option<&'p str>; 2]) -> Self {
        let mut index = Self { by_id: HashMap::new(), by_name: HashMap::new() };
        for person in people {
            index.by_id.insert(id(person), person);
            for name in names(person).into_iter().flatten().filter(|name| !name.is_empty()) {
                let same: &mut Vec<&P> = index.by_name.entry(name.to_lowercase()).or_default();
                // A username and an email that are one and the same come one after the other.
                if !same.last().is_some_and(|last| std::ptr::eq(*last, person)) {
                    same.push(person);
                }
            }
        }
        index
    }

    /// Everyone whom the text may mean: ids as they are, usernames and emails without regard to case.
    fn find(&self, user: &str) -> Vec<&'p P> {
        let mut found: Vec<&P> = self.by_id.get(user).copied().into_iter().collect();
        for person in self.by_name.get(&user.to_lowercase()).into_iter().flatten() {
            if !found.iter().any(|other| std::ptr::eq(*other, *person)) {
                found.push(person);
            }
        }
        found
    }
}

/// Everyone who has signed up.
struct People<'p> {
    members: Index<'p, LiveMember>,
    prospects: Index<'p, LiveProspect>,
}

impl People<'_> {
    /// Somebody signs up again, or under somebody else's name.
    fn is_member(&self, prospect: &LiveProspect) -> bool {
        prospect.names().any(|name| !self.members.find(name).is_empty())
    }
}

/// Who is meant by the manifest's entries.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) members: BTreeMap<MemberId, Location>,
    /// Pending sign-ups of those who are no members yet.
    prospects: BTreeMap<ProspectId, Location>,
    /// Pending sign-ups under the name of anyone who is declared: no rule decides on them.
    spoken_for: BTreeSet<ProspectId>,
}

impl LiveProspect {
    fn names(&self) -> impl Iterator<Item = &str> {
        [self.username.as_deref(), Some(self.email.as_str())].into_iter().flatten()
    }
}

/// A rule's decision with its groups resolved.
enum Verdict {
    Approve(GroupSet),
    Reject,
}

impl<'a> Resolver<'a> {
    pub(super) fn people(&mut self) {
        let live = self.live;
        let declared: &'a [Member] = self.manifest.members.as_deref().unwrap_or_default();
        let rules: &'a [ProspectRule] = self.manifest.prospects.as_deref().unwrap_or_default();
        let first = declared.first().map(|member| member.user.location);
        let lets_in = |prospect| {
            deciding_rule(rules, prospect).is_some_and(|rule| matches!(rule.decision, ProspectDecision::Approve { .. }))
        };
        let members_needed = !declared.is_empty()
            || !self.going.is_empty()
            || self.has_recorded_members()
            || live.prospects.iter().flatten().any(lets_in);
        let prospects_needed = !rules.is_empty() || declared.iter().any(|member| member.approve);
        if members_needed && live.members.is_none() {
            self.not_read(first, "the list of members");
            return;
        }
        if prospects_needed && live.prospects.is_none() {
            self.not_read(first, "the list of pending sign-ups");
            return;
        }
        let members = Index::new(
            live.members.as_deref().unwrap_or_default(),
            |member| member.id.as_str(),
            |member| [member.username.as_deref(), Some(&member.email)],
        );
        let prospects = Index::new(
            live.prospects.as_deref().unwrap_or_default(),
            |prospect| prospect.id.as_str(),
            |prospect| [prospect.username.as_deref(), Some(&prospect.email)],
        );
        let people = People { members, prospects };
        let mut entries = Entries::default();
        for entry in declared {
            self.declared_member(entry, &people, &mut entries);
        }
        let verdicts: Vec<(&'a ProspectRule, Verdict)> = rules.iter().map(|rule| (rule, self.verdict(rule))).collect();
        for prospect in live.prospects.iter().flatten() {
            if !entries.spoken_for.contains(&prospect.id) {
                self.prospect(prospect, &verdicts, &people);
            }
        }
        self.recorded_members(&entries);
        if !self.going.is_empty() {
            self.members_of_going(&entries);
        }
        self.count_unmanaged(&entries);
    }

    fn declared_member(&mut self, entry: &'a Member, people: &People<'a>, entries: &mut Entries) {
        let location = entry.user.location;
        let user = entry.user.as_str();
        let wanted = entry.user_groups.as_ref().map(|groups| self.references(groups));
        let pending = people.prospects.find(user);
        entries.spoken_for.extend(pending.iter().map(|prospect| prospect.id.clone()));
        match people.members.find(user).as_slice() {
            [] => {
                for prospect in &pending {
                    if let Some(first) = entries.prospects.insert(prospect.id.clone(), location) {
                        self.declared_twice(user, location, first);
                    }
                }
                self.not_a_member(entry, &pending, people, wanted);
            }
            [member] => {
                if let Some(first) = entries.members.insert(member.id.clone(), location) {
                    self.declared_twice(user, location, first);
                    return;
                }
                for name in [member.username.as_deref(), Some(member.email.as_str())].into_iter().flatten() {
                    let same = people.prospects.find(name);
                    entries.spoken_for.extend(same.into_iter().map(|prospect| prospect.id.clone()));
                }
                if !pending.is_empty() && entry.approve {
                    for prospect in &pending {
                        self.member_of_that_name(prospect);
                    }
                }
                self.declared_members
                    .insert(member.id.clone(), (wanted.clone().unwrap_or_default(), entry.manage_federated));
                let desired = self.desired_member(entry, member, wanted);
                self.desired.members.insert(member.id.clone(), desired);
            }
            several => {
                let people: Vec<String> =
                    several.iter().map(|member| format!("{} (id {})", member.label(), member.id)).collect();
                self.fault(
                    Diagnostic::error(
                        "ambiguous-member",
                        location,
                        format!("`{user}` means several members: {}", people.join(", ")),
                    )
                    .with_help("use one of the ids"),
                );
            }
        }
    }

    fn declared_twice(&mut self, user: &str, location: Location, first: Location) {
        self.fault(
            Diagnostic::error(
                "duplicate-member",
                location,
                format!("`{user}` is declared twice under different names"),
            )
            .with_related(first, "declared first here"),
        );
    }

    fn not_a_member(
        &mut self,
        entry: &Member,
        pending: &[&LiveProspect],
        people: &People<'a>,
        wanted: Option<GroupSet>,
    ) {
        let user = entry.user.as_str();
        let disabled = entry.enabled.as_ref().is_some_and(|enabled| !enabled.value);
        match pending {
            [_, _, ..] => {
                let requests: Vec<String> =
                    pending.iter().map(|prospect| format!("{} (id {})", prospect.label(), prospect.id)).collect();
                self.fault(
                    Diagnostic::error(
                        "ambiguous-prospect",
                        entry.user.location,
                        format!("`{user}` has several pending sign-ups: {}", requests.join(", ")),
                    )
                    .with_help("reject all but one in the portal, or name one by its id"),
                );
            }
            [prospect] if entry.approve && !disabled && people.is_member(prospect) => self.member_of_that_name(prospect),
            [prospect] if entry.approve && !disabled => {
                let user_groups = wanted.unwrap_or_default();
                if self.too_many_groups(user, &user_groups, entry.user.location) {
                    return;
                }
                let reason = format!("members: {user}");
                self.desired.prospects.insert(prospect.id.clone(), DesiredDecision::Approve { user_groups, reason });
            }
            [_] if disabled => {
                self.warn(format!(
                    "`{user}` is declared with `enabled: false` and has a pending sign-up: it is not approved, and not rejected either"
                ));
            }
            [_] => self.waiting.push(Waiting {
                user: user.to_owned(),
                message: "the sign-up is pending; `approve: true` lets them in".to_owned(),
            }),
            [] if disabled => self.warn(format!(
                "`{user}` is declared with `enabled: false`, and the portal has no such member: check the spelling, or remove the entry"
            )),
            [] => self.waiting.push(Waiting { user: user.to_owned(), message: "has not signed up yet".to_owned() }),
        }
    }

    fn desired_member(&mut self, entry: &Member, member: &LiveMember, wanted: Option<GroupSet>) -> DesiredMember {
        let enabled = entry.enabled.as_ref().map(|enabled| enabled.value);
        let Some(mut wanted) = wanted else { return DesiredMember { user_groups: None, enabled, reason: None } };
        let Some(live) = &member.user_groups else {
            self.fault(
                Diagnostic::error(
                    "groups-unknown",
                    entry.user.location,
                    format!("the hub does not say which groups `{}` is in", member.label()),
                )
                .with_help("remove `userGroups` from the entry until it does"),
            );
            return DesiredMember { user_groups: None, enabled, reason: None };
        };
        let live = self.directory.names_of(live);
        wanted.extend(self.kept(&live, member, &wanted));
        if member.is_federated(&self.live.portal.connection) {
            if entry.manage_federated {
                if wanted != live {
                    self.warn(format!(
                        "`{}` signs in through an identity provider: its mappings may undo the change at the next login",
                        member.label()
                    ));
                }
            } else {
                self.note(format!(
                    "the groups of `{}` come from an identity provider at login and are left alone; `federated: manage` overrides that",
                    member.label()
                ));
                return DesiredMember { user_groups: None, enabled, reason: None };
            }
        }
        if wanted != live {
            self.too_many_groups(member.label(), &wanted, entry.user.location);
        }
        DesiredMember { user_groups: Some(wanted), enabled, reason: None }
    }

    /// Memberships that are never taken away by leaving them out: those in built-ins, administration among them.
    fn kept(&mut self, live: &GroupSet, member: &LiveMember, wanted: &GroupSet) -> GroupSet {
        let mut kept = GroupSet::new();
        for name in live {
            let flags = self.directory.flags_of(name);
            if self.ends_administration(&member.id, name) {
                continue;
            }
            if flags.is_admin && !wanted.contains(name) {
                let user = member.label();
                self.note(format!("`{user}` stays an administrator: leaving the group out does not end that"));
            }
            if flags.is_built_in() {
                kept.insert(name.clone());
            }
        }
        kept
    }

    fn too_many_groups(&mut self, user: &str, groups: &GroupSet, location: impl Into<Option<Location>>) -> bool {
        let too_many = groups.len() > MOST_GROUPS;
        if too_many {
            self.fault(
                Diagnostic::error(
                    "too-many-groups",
                    location,
                    format!("`{user}` would be in {} groups, and the API takes at most {MOST_GROUPS}", groups.len()),
                )
                .with_help("built-in groups count: what the member has of them is kept"),
            );
        }
        too_many
    }

    /// Resolves a rule once, whether it matches anyone or not.
    fn verdict(&mut self, rule: &ProspectRule) -> Verdict {
        match &rule.decision {
            ProspectDecision::Reject => Verdict::Reject,
            ProspectDecision::Approve { user_groups } => {
                let user_groups = self.references(user_groups);
                self.too_many_groups(&rule_name(&rule.matches), &user_groups, rule.location);
                Verdict::Approve(user_groups)
            }
        }
    }

    fn prospect(&mut self, prospect: &LiveProspect, verdicts: &[(&ProspectRule, Verdict)], people: &People<'a>) {
        let Some((rule, verdict)) = verdicts.iter().find(|(rule, _)| matches(&rule.matches, &prospect.email)) else {
            return;
        };
        let reason = rule_name(&rule.matches);
        let decision = match verdict {
            Verdict::Reject => DesiredDecision::Reject { reason },
            Verdict::Approve(_) if people.is_member(prospect) => {
                self.member_of_that_name(prospect);
                return;
            }
            // Anybody may sign up under any name: that must neither let two in for one nor stop the plan.
            Verdict::Approve(_) if prospect.names().any(|name| people.prospects.find(name).len() > 1) => {
                self.warn(format!(
                    "the pending sign-up of `{}` is left alone: another one goes by the same name or email",
                    prospect.label()
                ));
                return;
            }
            Verdict::Approve(user_groups) => DesiredDecision::Approve { user_groups: user_groups.clone(), reason },
        };
        self.desired.prospects.insert(prospect.id.clone(), decision);
    }

    fn member_of_that_name(&mut self, prospect: &LiveProspect) {
        self.note(format!(
            "the pending sign-up of `{}` is left alone: there is a member of that name",
            prospect.label()
        ));
    }

    /// Takes groups that go away from everyone who is in them; whoever stays in a pruned group keeps it.
    fn members_of_going(&mut self, entries: &Entries) {
        let live = self.live;
        let going = self.going.clone();
        for member in live.members.iter().flatten() {
            let Some(ids) = &member.user_groups else {
                for (id, group) in &going {
                    self.member_of_unknown_groups(member, id, group);
                }
                continue;
            };
            let left: Vec<(&GroupId, &Going)> = going.iter().filter(|(id, _)| ids.contains(*id)).collect();
            for (id, group) in left.iter().filter(|(_, group)| !group.clears()) {
                // What an entry names holds the group already, as part of the manifest.
                let desired = self.desired.members.get(&member.id).and_then(|desired| desired.user_groups.as_ref());
                let stays = desired.is_none_or(|groups| groups.contains(&group.name));
                if stays && (desired.is_none() || !entries.members.contains_key(&member.id)) {
                    self.hold(id, format!("member `{}`", member.label()));
                }
            }
            let cleared: Vec<&Going> =
                left.into_iter().map(|(_, group)| group).filter(|group| group.clears()).collect();
            if !cleared.is_empty() {
                self.cleared_member(member, ids, &cleared, entries.members.contains_key(&member.id));
            }
        }
    }

    fn member_of_unknown_groups(&mut self, member: &LiveMember, id: &GroupId, going: &Going) {
        if going.clears() {
            self.warn(format!(
                "the hub does not say which groups `{}` is in: if `{}` is one of them, it cannot be deleted",
                member.label(),
                going.name
            ));
        } else {
            self.hold(id, format!("member `{}`, perhaps", member.label()));
        }
    }

    fn cleared_member(&mut self, member: &LiveMember, ids: &BTreeSet<GroupId>, cleared: &[&Going], is_declared: bool) {
        let mut desired = self.desired.members.remove(&member.id).unwrap_or(DesiredMember {
            user_groups: None,
            enabled: None,
            reason: None,
        });
        let left = desired.user_groups.get_or_insert_with(|| self.directory.names_of(ids));
        left.retain(|name| cleared.iter().all(|group| group.name != *name));
        self.too_many_groups(member.label(), left, cleared[0].location());
        let nothing_left = left.iter().all(|name| self.directory.flags_of(name).is_built_in());
        if nothing_left && cleared.iter().any(|group| group.disables_members()) && desired.enabled.is_none() {
            if left.iter().any(|name| self.directory.flags_of(name).is_admin) {
                self.warn(format!(
                    "`{}` is an administrator and stays enabled; `enabled: false` on the member disables them",
                    member.label()
                ));
            } else {
                desired.enabled = Some(false);
            }
        }
        if !is_declared {
            let list = cleared.iter().map(|group| format!("`{}`", group.name)).collect::<Vec<_>>().join(", ");
            let (noun, verb) = if cleared.len() == 1 { ("user group", "goes") } else { ("user groups", "go") };
            desired.reason = Some(format!("{noun} {list} {verb}"));
        }
        self.desired.members.insert(member.id.clone(), desired);
    }

    fn count_unmanaged(&mut self, entries: &Entries) {
        if let Some(members) = &self.live.members {
            let names = self.live.member_names();
            let mut addresses: Vec<_> = members
                .iter()
                .filter(|member| {
                    !entries.members.contains_key(&member.id) && !self.desired.members.contains_key(&member.id)
                })
                .map(|member| self.address(Kind::Members, [&names[&member.id]]))
                .collect();
            addresses.sort();
            self.unmanaged.insert(Kind::Members, Unmanaged { count: addresses.len(), addresses });
        }
        if let Some(prospects) = &self.live.prospects {
            let names = self.live.prospect_names();
            let mut addresses: Vec<_> = prospects
                .iter()
                .filter(|prospect| {
                    !entries.spoken_for.contains(&prospect.id) && !self.desired.prospects.contains_key(&prospect.id)
                })
                .map(|prospect| self.address(Kind::Prospects, [&names[&prospect.id]]))
                .collect();
            addresses.sort();
            self.unmanaged.insert(Kind::Prospects, Unmanaged { count: addresses.len(), addresses });
        }
    }
}

/// The rule that decides on a pending sign-up: the first one that matches.
pub(crate) fn deciding_rule<'r>(rules: &'r [ProspectRule], prospect: &LiveProspect) -> Option<&'r ProspectRule> {
    rules.iter().find(|rule| matches(&rule.matches, &prospect.email))
}

fn matches(rule: &ProspectMatch, email: &str) -> bool {
    match rule {
        ProspectMatch::Email(wanted) => wanted.to_lowercase() == email.to_lowercase(),
        ProspectMatch::EmailDomain(domain) => {
            email.rsplit_once('@').is_some_and(|(_, of)| of.to_lowercase() == domain.to_lowercase())
        }
    }
}

fn rule_name(rule: &ProspectMatch) -> String {
    match rule {
        ProspectMatch::Email(email) => format!("prospects: email {email}"),
        ProspectMatch::EmailDomain(domain) => format!("prospects: emailDomain {domain}"),
    }
}
