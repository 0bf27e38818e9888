//! What no source says about the hub, as switches: each has the emulator's default and the other side.
//!
//! Only names, values and their parsing; the handlers ask a switch where its question comes up.

use anyhow::{Context, Result, bail};

/// One switch as a person sees it: for help texts and documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SwitchInfo {
    pub name: &'static str,
    /// The values it takes, the default first; empty for a number.
    pub values: &'static [&'static str],
    /// The default value.
    pub default: &'static str,
    pub about: &'static str,
}

macro_rules! switches {
    (
        choices { $(
            $(#[doc = $about:literal])+
            $field:ident = $name:literal: $type:ident { $first:ident = $first_word:literal, $($other:ident = $word:literal),+ }
        )+ }
        numbers { $(
            $(#[doc = $number_about:literal])+
            $number:ident = $number_name:literal: $default:literal at least $least:literal
        )+ }
    ) => {
        $(
            $(#[doc = $about])+
            #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
            pub enum $type { #[default] $first, $($other),+ }
        )+

        /// Every switch with its value.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Switches {
            $( $(#[doc = $about])+ pub $field: $type, )+
            $( $(#[doc = $number_about])+ pub $number: u32, )+
        }

        impl Default for Switches {
            fn default() -> Self {
                Self { $($field: $type::default(),)+ $($number: $default,)+ }
            }
        }

        impl Switches {
            /// All switches, in the order of the documentation.
            pub const ALL: &'static [SwitchInfo] = &[
                $( SwitchInfo {
                    name: $name,
                    values: &[$first_word, $($word),+],
                    default: $first_word,
                    about: concat!($($about),+),
                }, )+
                $( SwitchInfo {
                    name: $number_name,
                    values: &[],
                    default: stringify!($default),
                    about: concat!($($number_about),+),
                }, )+
            ];

            /// Whether a switch has its default, or does not exist.
            pub(crate) fn is_default(&self, name: &str) -> bool {
                let default = Self::default();
                match name {
                    $( $name => self.$field == default.$field, )+
                    $( $number_name => self.$number == default.$number, )+
                    _ => true,
                }
            }

            fn assign(&mut self, name: &str, value: &str) -> Result<()> {
                match name {
                    $( $name => self.$field = match value {
                        $first_word => $type::$first,
                        $($word => $type::$other,)+
                        _ => bail!("switch {name} takes {}, not {value:?}", [$first_word, $($word),+].join(" or ")),
                    }, )+
                    $( $number_name => self.$number = number(name, value, $least)?, )+
                    _ => bail!("{}", unknown(name)),
                }
                Ok(())
            }
        }
    };
}

switches! {
    choices {
        /// What PATCH of an asset does with the versions that it does not name.
        asset_patch = "asset-patch": AssetPatch { Replaces = "replaces", Merges = "merges" }
        /// Whether PATCH of an asset takes a version whose audience lacks the administrators.
        admin_audience = "admin-audience": AdminAudience { Stored = "stored", Required = "required" }
        /// What PATCH of an asset without `instancesVisibility` leaves behind.
        instances_omitted = "instances-omitted": InstancesOmitted { Unchanged = "unchanged", Public = "public" }
        /// Whether PATCH of an asset takes a version that its Exchange entry does not have.
        unknown_version = "unknown-version": UnknownVersion { Refused = "refused", Taken = "taken" }
        /// Whether PATCH of an asset insists on the documented spelling of versions, `^v?\d+$`.
        version_pattern = "version-pattern": VersionPattern { Strict = "strict", Any = "any" }
        /// Who sees what was just published: the administrators its latest version, or everyone every version.
        publish_audience = "publish-audience": PublishAudience { Administrators = "administrators", Everyone = "everyone" }
        /// A version that came to Exchange after the asset was published: visible to nobody, or not even listed.
        later_version = "later-version": LaterVersion { Nobody = "nobody", Unlisted = "unlisted" }
        /// What publishing does with an asset that is published already.
        republish = "republish": Republish { Kept = "kept", Reset = "reset", Refused = "refused" }
        /// What publishing does if some of a batch cannot be published.
        publish_batch = "publish-batch": PublishBatch { Skips = "skips", Refuses = "refuses" }
        /// What PUT of a member's groups does with the groups that it does not name.
        member_groups = "member-groups": MemberGroups { Replaces = "replaces", Adds = "adds" }
        /// Which groups reading a member shows: the direct ones, those above them as well, or no built-in ones.
        member_groups_listed = "member-groups-listed": MemberGroupsListed { Direct = "direct", Inherited = "inherited", Custom = "custom" }
        /// Whether a federated member's mapped groups come back at login.
        federated_login = "federated-login": FederatedLogin { Restores = "restores", Keeps = "keeps" }
        /// Which members are listed if `isActive` is not given.
        members_listed = "members-listed": MembersListed { All = "all", Active = "active" }
        /// Where a group without `parentUserGroupId` goes: to the top, or under the default group.
        parent_omitted = "parent-omitted": ParentOmitted { Top = "top", Default = "default-group" }
        /// Whether PATCH of a group moves it to another parent.
        group_parent_patch = "group-parent-patch": GroupParentPatch { Ignored = "ignored", Honoured = "honoured" }
        /// What PATCH of a group without `description` leaves behind.
        description_omitted = "description-omitted": DescriptionOmitted { Unchanged = "unchanged", Cleared = "cleared" }
        /// Whether two groups of a portal may have the same name; `case-sensitive`: if they differ in case.
        duplicate_names = "duplicate-names": DuplicateNames { Refused = "refused", CaseSensitive = "case-sensitive", Allowed = "allowed" }
        /// What DELETE does with a group that has children, members, mappings or visibility.
        group_delete = "group-delete": GroupDelete { Refused = "refused", Cascades = "cascades" }
        /// Whether a built-in group may be renamed or deleted.
        built_ins = "built-ins": BuiltIns { Protected = "protected", Editable = "editable" }
        /// What POST of a user group answers.
        group_creation = "group-creation": GroupCreation { Empty = "empty", Group = "group" }
        /// What a mapping without `idpId` means: the connection's default provider, or a mistake.
        mapping_provider_omitted = "mapping-provider-omitted": MappingProviderOmitted { Default = "default", Refused = "refused" }
        /// What a second approval or rejection of one prospect answers.
        decide_twice = "decide-twice": DecideTwice { Refused = "refused", Accepted = "accepted" }
        /// The status for a resource that does not exist.
        unknown_resource = "unknown-resource": UnknownResource { NotFound = "404", BadRequest = "400" }
        /// Whether lists come bare or in an object with one array.
        lists = "lists": Lists { Bare = "bare", Wrapped = "wrapped" }
        /// Whether `x-from` counts rows or pages.
        from_counts = "x-from": FromCounts { Rows = "rows", Pages = "pages" }
        /// Whether the paging headers are honoured at all.
        paging = "paging": Paging { Honoured = "honoured", Ignored = "ignored" }
        /// Which of a portal's ids the paths take.
        portal_path = "portal-path": PortalPath { Target = "target", Id = "id" }
        /// Whether the new search of Exchange exists beside the legacy one.
        exchange_search = "exchange-search": ExchangeSearch { Both = "both", Legacy = "legacy" }
    }
    numbers {
        /// How many reads of one kind still see the state before a write.
        lag = "lag": 0 at least 0
        /// Rows of a page if the request names no limit.
        page_default = "page-default": 25 at least 1
        /// Rows of a page at most, whatever the request says.
        page_limit = "page-limit": 250 at least 1
        /// Assets of a portal at most: 7,000, and 350 on older ones.
        assets_limit = "assets-limit": 7000 at least 1
        /// User groups of a portal at most, the built-in ones counted.
        groups_limit = "groups-limit": 100 at least 1
    }
}

impl Switches {
    /// Reads settings of the form `NAME=VALUE`; a later one wins.
    pub fn parse<S: AsRef<str>>(settings: impl IntoIterator<Item = S>) -> Result<Self> {
        let mut switches = Self::default();
        for setting in settings {
            switches.set(setting.as_ref())?;
        }
        Ok(switches)
    }

    /// Sets one switch from `NAME=VALUE`.
    pub fn set(&mut self, setting: &str) -> Result<()> {
        let (name, value) =
            setting.split_once('=').with_context(|| format!("a switch is set as NAME=VALUE, not {setting:?}"))?;
        self.assign(name.trim(), value.trim())
    }
}

fn number(name: &str, value: &str, least: u32) -> Result<u32> {
    match value.parse() {
        Ok(number) if number >= least => Ok(number),
        _ => bail!("switch {name} takes a whole number of at least {least}, not {value:?}"),
    }
}

fn unknown(name: &str) -> String {
    let nearest = Switches::ALL
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known.name, name), known.name))
        .min()
        .filter(|(distance, known)| *distance <= known.len() / 2);
    if let Some((_, known)) = nearest {
        return format!("there is no switch {name:?}; did you mean {known}?");
    }
    let names: Vec<_> = Switches::ALL.iter().map(|known| known.name).collect();
    format!("there is no switch {name:?}; there are {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_value_is_taken_and_the_default_changes_nothing() {
        for switch in Switches::ALL {
            for value in switch.values {
                let parsed = Switches::parse([format!("{}={value}", switch.name)]).expect("a documented value");
                assert_eq!(parsed == Switches::default(), *value == switch.default, "{}={value}", switch.name);
            }
            Switches::parse([format!("{}={}", switch.name, switch.default)]).expect("the default is a value");
        }
    }

    #[test]
    fn faults_name_what_would_have_been_right() {
        let fault = |setting: &str| Switches::parse([setting]).expect_err(setting).to_string();
        insta::assert_snapshot!(
            [fault("asset-pacth=merges"), fault("asset-patch=merge"), fault("lag=-1"), fault("lag")].join("\n"),
            @r#"
        there is no switch "asset-pacth"; did you mean asset-patch?
        switch asset-patch takes replaces or merges, not "merge"
        switch lag takes a whole number of at least 0, not "-1"
        a switch is set as NAME=VALUE, not "lag"
        "#
        );
        assert!(fault("zzzzzzzzzzzzz=1").contains("there are asset-patch, "));
    }
}
