//! What may stand in a manifest's documents: the types from which the JSON Schema and the decoder come.
//!
//! The comments on the fields are what editors show. What the shape alone cannot say is checked when the syntax is
//! lowered to the model.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{Decode, Entries, Name, Shape, record, words};
use super::faults::Faults;
use super::model::Instances;
use super::tree::{Node, NodeKind};
use crate::diagnostic::Located;
use crate::limit::Limit;

/// The only version of the format so far.
pub(super) const API_VERSION: &str = "aehctl.io/v1alpha1";

/// A list of names, with its own place.
pub(super) type Names = Located<Vec<Located<Name>>>;

/// One document of a file.
#[derive(Debug)]
pub(super) enum Document {
    Portal(Box<Portal>),
    Fragment(PortalFragment),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum ApiVersion {
    V1Alpha1,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum PortalKind {
    Portal,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum FragmentKind {
    PortalFragment,
}

words!(ApiVersion, "ApiVersion" { "aehctl.io/v1alpha1" => ApiVersion::V1Alpha1, });
words!(PortalKind, "PortalKind" { "Portal" => PortalKind::Portal, });
words!(FragmentKind, "FragmentKind" { "PortalFragment" => FragmentKind::PortalFragment, });

record! {
    /// One portal: where it is, and what it should look like.
    pub(super) struct Portal {
        /// The version of the manifest's format.
        #[expect(dead_code, reason = "reading it checks it")]
        "apiVersion" api_version: ApiVersion,
        /// `Portal` for a whole portal, `PortalFragment` for a part that portals include.
        #[expect(dead_code, reason = "reading it checks it")]
        "kind" kind: PortalKind,
        /// What aehctl calls this portal.
        "metadata" metadata: Metadata,
        /// What the portal should look like. A key that is absent is not managed.
        "spec" spec: PortalSpec,
    }
}

record! {
    /// What a team owns and portals share. It takes effect where a Portal includes it.
    pub(super) struct PortalFragment {
        /// The version of the manifest's format.
        #[expect(dead_code, reason = "reading it checks it")]
        "apiVersion" api_version: ApiVersion,
        /// `PortalFragment`: a part that portals include.
        #[expect(dead_code, reason = "reading it checks it")]
        "kind" kind: FragmentKind,
        /// A name for people; it has no effect.
        #[expect(dead_code, reason = "reading it checks it")]
        "metadata" metadata: Option<Metadata>,
        /// What the fragment adds to the portals that include it.
        "spec" spec: FragmentSpec,
    }
}

record! {
    /// What the document describes.
    pub(super) struct Metadata {
        /// The name in plans and in the addresses of objects, e.g. `developer-portal`.
        "name" name: Located<Name>,
    }
}

record! {
    /// A portal's desired state.
    pub(super) struct PortalSpec advice portal_advice {
        /// Where the portal is.
        "target" target: Option<Target>,
        /// Files, folders and patterns of files with fragments, relative to this file and inside its repository.
        "include" include: Option<Vec<Located<Name>>>,
        /// Our names for identity providers: alias to the provider's name or id.
        "identityProviders" identity_providers: Option<Entries<Located<Name>>>,
        /// Named sets of groups. An audience of a fragment is replaced by the one that is declared here.
        "audiences" audiences: Option<Entries<Names>>,
        /// Values for the entries of this document that do not give them.
        "defaults" defaults: Option<Defaults>,
        /// User groups as a tree. Groups that are not listed are left alone.
        "userGroups" user_groups: Option<Vec<Located<UserGroup>>>,
        /// Exchange assets that are published on the portal. Assets that are not listed are left alone.
        "assets" assets: Option<Vec<Located<Asset>>>,
        /// Portal members. Members that are not listed are left alone.
        "members" members: Option<Vec<Located<Member>>>,
        /// Rules for pending sign-ups; the first rule that matches wins, and who matches none stays pending.
        "prospects" prospects: Option<Vec<Located<Prospect>>>,
        /// Patterns by kind: what matches them and is not declared is deleted.
        "prune" prune: Option<Prune>,
        /// What a plan may not do without a word on the command line.
        "guards" guards: Option<Guards>,
        /// Which fragments may declare what. Without it, each of them anything; with it, what no rule allows is a
        /// fault.
        "delegate" delegate: Option<Located<Vec<DelegateRule>>>,
    }
}

record! {
    /// What a fragment may declare.
    pub(super) struct FragmentSpec advice fragment_advice {
        /// Named sets of groups. Each is declared once; groups elsewhere add themselves by `joins`.
        "audiences" audiences: Option<Entries<Names>>,
        /// Values for the entries of this document that do not give them.
        "defaults" defaults: Option<Defaults>,
        /// User groups as a tree.
        "userGroups" user_groups: Option<Vec<Located<UserGroup>>>,
        /// Exchange assets that are published on the portal.
        "assets" assets: Option<Vec<Located<Asset>>>,
    }
}

fn fragment_advice(key: &str) -> Option<&'static str> {
    let of_portals = ["target", "include", "identityProviders", "members", "prospects", "prune", "guards", "delegate"];
    of_portals.contains(&key).then_some("this belongs in a `kind: Portal`; a fragment holds what portals share")
}

fn portal_advice(key: &str) -> Option<&'static str> {
    let of_targets = ["region", "organization", "connection", "environment", "portal"];
    of_targets.contains(&key).then_some("this belongs under `target`")
}

record! {
    /// Where the portal is. What is left out is found out, or taken from the command line.
    pub(super) struct Target {
        /// The Anypoint control plane.
        "region" region: Option<Located<Region>>,
        /// The root organization, by name or id.
        "organization" organization: Option<Located<Name>>,
        /// The connected Salesforce org, by domain (`example.my.salesforce.com`) or id. Needed if there are several.
        "connection" connection: Option<Located<Name>>,
        /// What the connection must be. A guard against applying to the wrong one.
        "environment" environment: Option<Located<Environment>>,
        /// The portal, by name or any of its ids. Needed if the connection has several.
        "portal" portal: Option<Located<Name>>,
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Region(pub(super) &'static str);

words!(Region, "Region" or variable {
    "us" => Region("us"),
    "eu" => Region("eu"),
    "ca" => Region("ca"),
    "jp" => Region("jp"),
});

#[derive(Debug, Clone, Copy)]
pub(super) struct Environment(pub(super) &'static str);

words!(Environment, "Environment" or variable {
    "PRODUCTION" => Environment("PRODUCTION"),
    "SANDBOX" => Environment("SANDBOX"),
});

record! {
    /// Values for the entries of the same document that do not give them.
    pub(super) struct Defaults {
        /// For the assets of this document, apart from those that are absent or unmanaged.
        "assets" assets: Option<AssetDefaults>,
    }
}

record! {
    /// What the assets of this document have in common.
    pub(super) struct AssetDefaults {
        /// Which API instances an asset shows, if its entry does not say so.
        "instances" instances: Option<Located<Instances>>,
        /// Audiences by version. A version that the asset's own entry lists is taken from there.
        "versions" versions: Option<VersionMap>,
    }
}

record! {
    /// A user group, with the groups under it.
    pub(super) struct UserGroup declares true {
        /// The group's name, at most 95 characters; or `system:administrators`, `system:guests`, `system:members` for
        /// a built-in group, which takes `idpGroups` and `children` alone.
        "name" name: Located<Name>,
        /// What the group is for.
        "description" description: Option<Located<String>>,
        /// The group under which a top-level entry stands, for groups that this manifest does not declare.
        "parent" parent: Option<Located<Name>>,
        /// Earlier names: a live group of such a name is renamed.
        "formerly" formerly: Option<Names>,
        /// Groups of identity providers whose users become members at login. Complete: `[]` means none.
        "idpGroups" idp_groups: Option<Located<Vec<Located<IdpGroup>>>>,
        /// Audiences to which the group adds itself.
        "joins" joins: Option<Names>,
        /// `absent`: cleared of members, mappings and audiences, then deleted.
        "state" state: Option<Located<GroupStateWord>>,
        /// With `state: absent`: disable the members that are left with no group but built-ins.
        "disableMembers" disable_members: Option<Located<bool>>,
        /// Groups under this one. They see what this group sees.
        "children" children: Option<Located<Vec<Located<UserGroup>>>>,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupStateWord {
    Absent,
}

words!(GroupStateWord, "GroupState" { "absent" => GroupStateWord::Absent, });

record! {
    /// A group of an identity provider.
    pub(super) struct IdpGroup {
        /// An alias of `identityProviders`, or the provider's own name or id.
        "provider" provider: Located<Name>,
        /// The group's name at the provider, as it is there.
        "group" group: Located<Name>,
    }
}

record! {
    /// An Exchange asset and who sees it.
    pub(super) struct Asset {
        /// `groupId/assetId`, or a business group's name in place of the id: `Finance/payment-api`.
        "asset" coordinates: Located<Name>,
        /// Which API instances the asset shows. `Custom` can be kept, not entered.
        "instances" instances: Option<Located<Instances>>,
        /// Who sees each minor version.
        "versions" versions: Option<VersionMap>,
        /// `absent`: taken off the portal. `unmanaged`: left alone from now on.
        "state" state: Option<Located<AssetStateWord>>,
    }
}

words!(Instances, "Instances" {
    "All" => Instances::All,
    "Public" => Instances::Public,
    "Custom" => Instances::Custom,
});

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AssetStateWord {
    Absent,
    Unmanaged,
}

words!(AssetStateWord, "AssetState" {
    "absent" => AssetStateWord::Absent,
    "unmanaged" => AssetStateWord::Unmanaged,
});

/// Audiences by minor version: `v1`, `1` and `1.0` are one version, `"*"` is every version that is not listed.
#[derive(Debug)]
pub(super) struct VersionMap(pub(super) Entries<Names>);

impl Decode for VersionMap {
    const SHAPE: Shape = Shape::Mapping;

    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        Entries::decode(node, faults).map(Self)
    }
}

impl JsonSchema for VersionMap {
    fn schema_name() -> Cow<'static, str> {
        "Versions".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let audience = generator.subschema_for::<Vec<Name>>();
        json_schema!({
            "description": "Audiences by minor version: `v1`, `1` and `1.0` are one version, `\"*\"` is every version that is not listed. An audience lists groups by name, `system:` groups, and `audience:` names; `[]` is nobody.",
            "type": "object",
            "patternProperties": {"^(v?[0-9]+(\\.[0-9]+)*|\\*)$": audience},
            "additionalProperties": false,
        })
    }
}

record! {
    /// What is declared of a portal member.
    pub(super) struct Member {
        /// The member's id, username or email.
        "user" user: Located<Name>,
        /// The member's groups, at most 20. Complete, built-ins aside.
        "userGroups" user_groups: Option<Vec<Located<Name>>>,
        /// Whether the member may sign in.
        "enabled" enabled: Option<Located<bool>>,
        /// Approve the sign-up if it is still pending.
        "approve" approve: Option<Located<bool>>,
        /// `manage`: set the groups although the identity provider sets them again at login.
        "federated" federated: Option<Located<FederatedWord>>,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FederatedWord {
    Manage,
}

words!(FederatedWord, "Federated" { "manage" => FederatedWord::Manage, });

record! {
    /// A rule for pending sign-ups: whom it matches, and whether they are approved or rejected.
    pub(super) struct Prospect {
        /// Matches this address, without regard to case.
        "email" email: Option<Located<Name>>,
        /// Matches every address of this domain, without regard to case.
        "emailDomain" email_domain: Option<Located<Name>>,
        /// Approve, with these groups. An approval cannot be undone.
        "approve" approve: Option<Located<Approval>>,
        /// Reject: the request is deleted, and the person may ask again.
        "reject" reject: Option<Located<bool>>,
    }
}

record! {
    /// What those who are approved get.
    pub(super) struct Approval {
        /// The groups of the new member, at most 20.
        "userGroups" user_groups: Vec<Located<Name>>,
    }
}

record! {
    /// Patterns of live objects that are deleted when nothing declares them: `*`, `?` and `[…]` as in file names.
    pub(super) struct Prune {
        /// Matched against the names of groups.
        "userGroups" user_groups: Option<Vec<Located<Name>>>,
        /// Matched against `groupId/assetId` and against `business group name/assetId`.
        "assets" assets: Option<Vec<Located<Name>>>,
    }
}

record! {
    /// What a plan may not do without a word on the command line.
    pub(super) struct Guards {
        /// How many objects of a kind one run may delete: a number, or a percentage of those that there are, which binds
        /// where there are more than 10. `50%` if it is left out.
        "maxDeletes" max_deletes: Option<Located<Limit>>,
        /// How many objects of a kind one run may change. Any number if it is left out.
        "maxUpdates" max_updates: Option<Located<Limit>>,
        /// How many sign-ups one run may approve. 25 if it is left out.
        "maxApprovals" max_approvals: Option<Located<Count>>,
        /// How many enabled administrators must be left where a plan takes any away. 1 if it is left out.
        "minAdministrators" min_administrators: Option<Located<Count>>,
        /// How many enabled members one run may take sight of an API version from: a number, or a percentage of those
        /// that there are, which binds where there are more than 10. `50%` if it is left out.
        "maxAccessLoss" max_access_loss: Option<Located<Limit>>,
        /// How many enabled members one run may give sight of an API version to. Any number if it is left out.
        "maxAccessGain" max_access_gain: Option<Located<Limit>>,
        /// Assets that no plan may show to guests: coordinates and patterns of them, e.g. `Finance/*`.
        "neverPublic" never_public: Option<Vec<Located<Name>>>,
        /// Assets that no plan may show to these groups.
        "neverVisibleTo" never_visible_to: Option<Vec<Located<NeverVisibleTo>>>,
        /// What no plan may change or delete: addresses and patterns of them, e.g. `userGroups/Gold Tier`,
        /// `assets/Finance/*`, `members/*@example.com`.
        "protected" protected: Option<Vec<Located<Name>>>,
    }
}

record! {
    /// What the fragments of some files may declare. Rules only allow, and all that are about a file add up. `*`, `?`
    /// and `[…]` stand for names.
    pub(super) struct DelegateRule {
        /// Which fragments: a path, a folder or a pattern of files, as under `include`, of where they really lie.
        "files" files: Located<Name>,
        /// Groups that they may declare, rename, delete, and put groups under. Built-ins only by `system:…`.
        "userGroups" user_groups: Option<Vec<Located<Name>>>,
        /// What they may map to those groups: `provider/group`, as it is written there.
        "idpGroups" idp_groups: Option<Vec<Located<Name>>>,
        /// Audiences that those groups may join.
        "joins" joins: Option<Vec<Located<Name>>>,
        /// Audiences that they may declare.
        "audiences" audiences: Option<Vec<Located<Name>>>,
        /// Assets that they may declare, as their coordinates are written: `Finance/*`.
        "assets" assets: Option<Vec<Located<Name>>>,
    }
}

record! {
    /// Assets that whoever is in one of these groups may not come to see.
    pub(super) struct NeverVisibleTo {
        /// Coordinates and patterns of them: `Finance/*`, with the business group's name or id.
        "assets" assets: Names,
        /// Names of groups and patterns of them: `Partner *`. A pattern leaves built-in groups out.
        "userGroups" user_groups: Names,
    }
}

/// A number of things.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count(pub(super) usize);

impl Decode for Count {
    const SHAPE: Shape = Shape::Number;

    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let text = number(node, Self::SHAPE, faults)?;
        let count = crate::limit::count(text);
        if count.is_none() {
            let help = match text.parse::<Limit>() {
                Ok(_) => "expected a number like `10`: a percentage means nothing here",
                Err(_) => "expected a number like `10`",
            };
            faults.error("bad-number", node.location, format!("`{text}` is not a number"), help);
        }
        count.map(Self)
    }
}

impl Decode for Limit {
    const SHAPE: Shape = Shape::Limit;

    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let text = number(node, Self::SHAPE, faults)?;
        let parsed = text.parse();
        if let Err(fault) = &parsed {
            let message = format!("`{text}` is neither a number nor a percentage");
            let fault: &crate::limit::NotALimit = fault;
            faults.error("bad-number", node.location, message, &fault.to_string());
        }
        parsed.ok()
    }
}

/// The text of a scalar that should be a number.
fn number<'tree>(node: &'tree Node, shape: Shape, faults: &mut Faults) -> Option<&'tree str> {
    let NodeKind::Scalar(scalar) = &node.kind else {
        super::decode::wrong_shape(node, shape, faults);
        return None;
    };
    Some(scalar.text.trim())
}

impl JsonSchema for Count {
    fn schema_name() -> Cow<'static, str> {
        "Count".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": "^[0-9]+$|\\$\\{AEHCTL_VAR_"},
        ]})
    }
}

impl JsonSchema for Limit {
    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [
            {"type": "integer", "minimum": 0},
            {"type": "string", "pattern": "^([0-9]+|[0-9]{1,2}%|100%)$|\\$\\{AEHCTL_VAR_"},
        ]})
    }
}

impl JsonSchema for Name {
    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": 1})
    }
}

impl<T: JsonSchema> JsonSchema for Located<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: JsonSchema> JsonSchema for Entries<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("EntriesOf{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "additionalProperties": generator.subschema_for::<T>()})
    }
}

/// Reads one document. What it is stands in `kind`, so that is looked at first.
pub(super) fn decode(root: &Node, faults: &mut Faults) -> Option<Document> {
    let document = decode_by_kind(root, faults);
    faults.incomplete |= document.is_none();
    document
}

fn decode_by_kind(root: &Node, faults: &mut Faults) -> Option<Document> {
    const KINDS: [&str; 2] = ["Portal", "PortalFragment"];
    if !matches!(root.kind, NodeKind::Mapping(_)) {
        super::decode::wrong_type::<Portal>(root, faults);
        return None;
    }
    let Some(kind) = root.get("kind") else {
        let help = format!("a manifest begins with `apiVersion: {API_VERSION}` and `kind: Portal`");
        faults.error("missing-field", root.location, "the field `kind` is missing", &help);
        return None;
    };
    let word = String::decode(kind, faults)?;
    match word.as_str() {
        "Portal" => {
            refuse_defaults_in_target(root, faults);
            Portal::decode(root, faults).map(|portal| Document::Portal(Box::new(portal)))
        }
        "PortalFragment" => PortalFragment::decode(root, faults).map(Document::Fragment),
        _ => {
            faults.unknown("unknown-kind", kind.location, format!("unknown kind `{word}`"), &word, KINDS);
            None
        }
    }
}

/// A default would let a forgotten variable choose another portal.
fn refuse_defaults_in_target(root: &Node, faults: &mut Faults) {
    let Some(NodeKind::Mapping(fields)) = root.get("spec").and_then(|spec| spec.get("target")).map(|node| &node.kind)
    else {
        return;
    };
    for field in fields.iter() {
        if let NodeKind::Scalar(scalar) = &field.value.kind
            && scalar.has_default
        {
            let message = "a variable under `target` may have no default";
            let help = "a forgotten variable would choose another portal; set it wherever the manifest is used";
            faults.error("variable-default", field.value.location, message, help);
        }
    }
}
