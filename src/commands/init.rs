//! `init`

use std::path::Path;

use anyhow::{Context as _, Result};

use super::output;
use crate::cli::Init;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::manifest::schema::schema;

/// What a new repository starts with, by its place.
fn starter() -> [(&'static str, String); 4] {
    [
        ("portal.yaml", include_str!("init/portal.yaml").to_owned()),
        ("portal.schema.json", format!("{:#}\n", schema())),
        (".github/workflows/portal.yaml", include_str!("init/workflow.yaml").to_owned()),
        (".gitignore", include_str!("init/gitignore").to_owned()),
    ]
}

pub(super) fn run(arguments: &Init) -> Result<Exit> {
    let directory = &arguments.directory;
    // Nothing is written if one of them is there: a starter never replaces what somebody wrote.
    let ignore = |name: &str, path: &Path| name == ".gitignore" && path.exists();
    for (name, _) in starter() {
        let path = directory.join(name);
        if path.exists() && !ignore(name, &path) {
            return Err(Failure::new(format!("{} exists already; nothing was written", path.display()))
                .hint("give another directory")
                .into());
        }
    }
    for (name, text) in starter() {
        let path = directory.join(name);
        if ignore(name, &path) {
            output::say(&format!("{} is left as it is; let it ignore .aehctl/", path.display()));
            continue;
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(|| format!("failed to make {}", parent.display()))?;
        }
        files::write_public(&path, &text)?;
        output::data(&format!("{}\n", path.display()))?;
    }
    output::say(&format!("Next: aehctl --emulator plan -f {}", directory.join("portal.yaml").display()));
    Ok(Exit::Done)
}
