//! `schema`

use anyhow::Result;

use super::output;
use crate::exit::Exit;
use crate::manifest::schema::schema;

pub(super) fn run() -> Result<Exit> {
    output::data(&format!("{:#}\n", schema()))?;
    Ok(Exit::Done)
}
