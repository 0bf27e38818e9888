//! Seed documents: a whole world as text, read into the store and written back.

mod document;
mod dump;
mod load;
mod reshape;

use anyhow::{Context, Result, bail};

use super::store::{self, Store};
use document::Document;

pub(crate) use dump::dump;
pub(crate) use reshape::reshape;

/// Fills the store in one transaction; a filled one only with `reset`, which empties it first.
pub(crate) fn fill(store: &Store, text: &str, reset: bool) -> Result<()> {
    let document = parse(text)?;
    store.write(|db| {
        if reset {
            store::clear(db).context("failed to empty the database")?;
        } else if store::is_filled(db)? {
            bail!("the database is filled already: it is replaced only with --reset");
        }
        load::load(db, document)
    })
}

fn parse(text: &str) -> Result<Document> {
    // JSON is YAML too, but its own parser is ten times as fast.
    if text.trim_start().starts_with('{')
        && let Ok(document) = serde_json::from_str(text)
    {
        return Ok(document);
    }
    let options = yaml_options();
    let document: Option<Document> = serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| anyhow::anyhow!("{}", error.without_snippet()))
        .context("the seed document is not valid")?;
    document.context("the seed document is not valid: it is empty")
}

fn write(document: &Document) -> Result<String> {
    let options = serde_saphyr::ser_options! { compact_list_indent: true };
    serde_saphyr::to_string_with_options(document, options).context("failed to write the seed document")
}

fn yaml_options() -> serde_saphyr::Options {
    let mut options = serde_saphyr::options! {
        strict_booleans: true,
    };
    // A portal at its limits has some millions of values; aliases keep their own limits.
    options.budget = serde_saphyr::budget! {
        max_reader_input_bytes: None,
        max_events: 50_000_000,
        max_nodes: 50_000_000,
        max_total_scalar_bytes: 1 << 30,
    };
    options
}
