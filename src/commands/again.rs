//! How aehctl is called again, in commands that people are told to run.

use std::path::Path;

use crate::cli::{EMULATOR_DATABASE, Global};
use crate::client::Region;
use crate::plan::Plan;
use crate::render::text::terminal;
use crate::text::shell_word;

/// The program with the flags that it was given for signing in, so that it meets the same hub.
pub(super) fn program(global: &Global) -> String {
    // Which portal it is, the rest of the command says.
    let Global { emulator, region, host, profile, .. } = global;
    let emulator = emulator.as_deref().map(|database| {
        if database == Path::new(EMULATOR_DATABASE) {
            "--emulator".to_owned()
        } else {
            word(&format!("--emulator={}", database.display()))
        }
    });
    let region = region.map(|region| flag("region", Region::from(region).name()));
    let host = host.as_ref().map(|host| flag("host", host));
    let profile = profile.as_ref().map(|profile| flag("profile", profile));
    let flags = [emulator, region, host, profile].into_iter().flatten();
    ["aehctl".to_owned()].into_iter().chain(flags).collect::<Vec<_>>().join(" ")
}

/// The same for a plan's portal, for a command that has neither its manifest nor its file.
pub(super) fn for_portal(global: &Global, plan: &Plan) -> String {
    let portal = &plan.target.portal;
    // What no flag has said, the manifest may have.
    let is_named = global.region.is_some() || global.host.is_some();
    let region = portal.region.as_ref().filter(|_| !is_named).map(|region| flag("region", region));
    let connection = flag("connection", &portal.connection.id);
    let parts = [Some(program(global)), region, Some(connection), Some(flag("portal", &portal.id))];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn flag(name: &str, value: &str) -> String {
    format!("--{name} {}", word(value))
}

/// A word of a command that is shown, with what acts instead of being shown made visible.
pub(super) fn word(word: &str) -> String {
    shell_word(&terminal(word))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    #[track_caller]
    fn called(arguments: &[&str]) -> String {
        let arguments = [&["aehctl"][..], arguments, &["schema"]].concat();
        program(&Cli::try_parse_from(arguments).expect("the arguments are well-formed").global)
    }

    #[test]
    fn what_says_which_hub_is_meant_is_said_again() {
        assert_eq!(called(&["--portal", "Developer Portal", "--format", "json"]), "aehctl");
        assert_eq!(called(&["--emulator"]), "aehctl --emulator");
        assert_eq!(called(&["--emulator=a b.db"]), "aehctl '--emulator=a b.db'");
        assert_eq!(
            called(&["--region", "eu", "--profile", "night's watch"]),
            "aehctl --region eu --profile 'night'\\''s watch'"
        );
        assert_eq!(called(&["--host", "https://example.com"]), "aehctl --host https://example.com");
    }
}
