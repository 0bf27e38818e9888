//! Members and rules for prospects.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{refuse_controls, text};
use crate::diagnostic::{Diagnostic, Located, Location};
use crate::manifest::decode::Name;
use crate::manifest::faults::Faults;
use crate::manifest::model::{GroupReference, Member, ProspectDecision, ProspectMatch, ProspectRule};
use crate::manifest::{reference, syntax};

/// The API's limit on the groups that one request gives to a member.
const MOST_GROUPS: usize = 20;

pub(super) fn members(entries: Vec<Located<syntax::Member>>, faults: &mut Faults) -> Vec<Member> {
    let mut places: HashMap<String, Location> = HashMap::new();
    let mut members = Vec::with_capacity(entries.len());
    for entry in entries {
        let member = member(entry.value, faults);
        match places.entry(member.user.value.to_lowercase()) {
            Entry::Vacant(place) => {
                place.insert(member.user.location);
            }
            Entry::Occupied(first) => faults.push(
                Diagnostic::error(
                    "duplicate-member",
                    member.user.location,
                    format!("`{}` is declared twice", *member.user),
                )
                .with_related(*first.get(), "first here")
                .with_help("users are told apart without regard to case; keep one of the entries"),
            ),
        }
        members.push(member);
    }
    members
}

fn member(entry: syntax::Member, faults: &mut Faults) -> Member {
    let syntax::Member { user, user_groups, enabled, approve, federated } = entry;
    refuse_controls(&user, faults);
    if let (Some(approve), Some(enabled)) = (&approve, &enabled)
        && approve.value
        && !enabled.value
    {
        faults.push(
            Diagnostic::warning("never-approved", approve.location, "a member who is not enabled is never approved")
                .with_related(enabled.location, "not enabled")
                .with_help("leave `approve` out"),
        );
    }
    Member {
        user: text(user),
        user_groups: user_groups.map(|names| granted_groups(&names, faults)),
        enabled,
        approve: approve.is_some_and(|approve| approve.value),
        manage_federated: federated.is_some(),
    }
}

fn granted_groups(names: &[Located<Name>], faults: &mut Faults) -> Vec<Located<GroupReference>> {
    let groups = reference::groups(names, faults);
    if let Some(beyond) = groups.get(MOST_GROUPS) {
        let message = format!("a member gets {} groups here", groups.len());
        let help =
            format!("the API takes at most {MOST_GROUPS} groups for a member; a parent group may stand for several");
        faults.error("too-many-groups", beyond.location, message, &help);
    }
    groups
}

pub(super) fn prospects(entries: Vec<Located<syntax::Prospect>>, faults: &mut Faults) -> Vec<ProspectRule> {
    let mut places: HashMap<String, Location> = HashMap::new();
    let mut rules = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some(rule) = prospect(entry, faults) else { continue };
        check_reachable(&rule, &mut places, faults);
        rules.push(rule);
    }
    rules
}

/// The first rule that matches wins, so what an earlier rule takes never reaches a later one.
fn check_reachable(rule: &ProspectRule, places: &mut HashMap<String, Location>, faults: &mut Faults) {
    let (key, domain) = match &rule.matches {
        ProspectMatch::Email(email) => {
            let email = email.to_lowercase();
            let domain = email.rsplit_once('@').map(|(_, domain)| format!("@{domain}"));
            (email, domain)
        }
        ProspectMatch::EmailDomain(domain) => (format!("@{}", domain.to_lowercase()), None),
    };
    if let Some(first) = places.get(&key) {
        let message = "another rule has the same matcher";
        faults.push(Diagnostic::error("duplicate-rule", rule.location, message).with_related(*first, "first here"));
        return;
    }
    if let Some(first) = domain.and_then(|domain| places.get(&domain)) {
        let message = "this rule is never reached: an earlier one matches the whole domain";
        faults.push(
            Diagnostic::warning("unreachable-rule", rule.location, message)
                .with_related(*first, "matches first")
                .with_help("the first rule that matches wins; put this rule before that one"),
        );
    }
    places.insert(key, rule.location);
}

fn prospect(entry: Located<syntax::Prospect>, faults: &mut Faults) -> Option<ProspectRule> {
    let location = entry.location;
    let syntax::Prospect { email, email_domain, approve, reject } = entry.value;
    let matches = match (email, email_domain) {
        (Some(email), None) => check_email(&email, faults).then_some(ProspectMatch::Email(email.value.0)),
        (None, Some(domain)) => check_domain(&domain, faults).then_some(ProspectMatch::EmailDomain(domain.value.0)),
        (Some(_), Some(domain)) => {
            let message = "a rule has one matcher, either `email` or `emailDomain`";
            faults.error("ambiguous-rule", domain.location, message, "make two rules of it");
            None
        }
        (None, None) => {
            let help = "add `email: …` or `emailDomain: …`";
            faults.error("missing-field", location, "the rule matches nobody", help);
            None
        }
    };
    let decision = match (approve, reject) {
        (Some(approve), None) => {
            let user_groups = granted_groups(&approve.value.user_groups, faults);
            Some(ProspectDecision::Approve { user_groups })
        }
        (None, Some(reject)) if reject.value => Some(ProspectDecision::Reject),
        (None, Some(reject)) => {
            let help = "write `reject: true`, or leave the rule out: who matches no rule stays pending";
            faults.error("missing-field", reject.location, "the rule decides nothing", help);
            None
        }
        (Some(_), Some(reject)) => {
            let message = "a rule has one decision, either `approve` or `reject`";
            faults.error("ambiguous-rule", reject.location, message, "keep one of them");
            None
        }
        (None, None) => {
            let help = "add `approve: {userGroups: […]}` or `reject: true`";
            faults.error("missing-field", location, "the rule decides nothing", help);
            None
        }
    };
    Some(ProspectRule { location, matches: matches?, decision: decision? })
}

fn check_email(email: &Located<Name>, faults: &mut Faults) -> bool {
    let text = email.value.0.as_str();
    let well_formed = text.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !local.contains(['@', ' ']) && !text.chars().any(char::is_control) && is_domain(domain)
    });
    if !well_formed {
        let help = "write `name@example.com`; `emailDomain` matches a whole domain";
        faults.error("bad-email", email.location, format!("`{text}` is not an email address"), help);
    }
    well_formed
}

fn check_domain(domain: &Located<Name>, faults: &mut Faults) -> bool {
    let text = domain.value.0.as_str();
    let well_formed = is_domain(text);
    if !well_formed {
        let help = "write the part after the `@`, as in `example.com`; it matches that domain alone";
        faults.error("bad-email", domain.location, format!("`{text}` is not a domain"), help);
    }
    well_formed
}

/// Lenient about what registries take, strict about what cannot be a domain; other alphabets are welcome.
fn is_domain(text: &str) -> bool {
    text.split('.').all(|label| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|character| character.is_alphanumeric() || matches!(character, '-' | '_'))
    })
}
