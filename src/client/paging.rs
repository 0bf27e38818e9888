//! Lists in pages: advanced by the rows received, ended by an empty page, and never trusted to move on.

use std::collections::HashSet;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::{Stream, StreamExt, TryStreamExt, try_unfold};
use reqwest::header::HeaderName;
use serde::de::DeserializeOwned;

use super::error::{Error, Kind};
use super::session::Session;
use super::transport::{Call, Page};
use super::wire::lenient::List;

pub(super) static X_OFFSET: HeaderName = HeaderName::from_static("x-offset");
pub(super) static X_FROM: HeaderName = HeaderName::from_static("x-from");

/// Rows asked for at once; neither defaults nor maxima are documented, so the server may give fewer.
pub const LIMIT: usize = 100;

/// More rows than any portal can hold: the limits are 7,000 assets and 10,000 members.
const MOST_ROWS: usize = 1_000_000;

/// A list as it comes, page by page; a page holds new rows only and is never empty.
///
/// The next page is asked for when it is polled, so callers can work on one page while the next one loads. After an
/// error the stream ends.
pub type Pages<T> = Pin<Box<dyn Stream<Item = Result<Vec<T>, Error>> + Send>>;

struct Position<K> {
    received: usize,
    seen: HashSet<K>,
}

/// Reads a list in pages; `key` is what makes a row the same row.
pub(super) fn pages<T, K>(
    session: Arc<Session>,
    call: Result<Call, Error>,
    header: &'static HeaderName,
    key: impl Fn(&T) -> K + Send + Sync + 'static,
) -> Pages<T>
where
    T: DeserializeOwned + Send + 'static,
    K: Hash + Eq + Send + 'static,
{
    let start = Position { received: 0, seen: HashSet::new() };
    let shared = Arc::new((session, call, key));
    let stream = try_unfold(start, move |mut position| {
        let shared = Arc::clone(&shared);
        async move {
            let (session, call, key) = &*shared;
            let mut call = call.clone()?;
            call.page = Some(Page { header, limit: LIMIT, offset: position.received });
            let List(mut rows) = session.read::<List<T>>(&call).await?;
            if rows.is_empty() {
                // One full page and nothing after it: either that was all, or the header counts pages, and the
                // hundredth page was asked for. The row after the first tells: nobody has seen the page after it.
                if *header == X_FROM && position.received == LIMIT {
                    call.page = Some(Page { header, limit: LIMIT, offset: 1 });
                    let List(rows) = session.read::<List<T>>(&call).await?;
                    if rows.iter().any(|row| !position.seen.contains(&key(row))) {
                        let message = format!(
                            "the list ends at {header}: {LIMIT}, and {header}: 1 brings rows that were not there \
                             before, so the list cannot be read to its end; does the server count pages?"
                        );
                        return Err(session.senseless(&call, Kind::Paging, &message));
                    }
                }
                return Ok(None);
            }
            let received = rows.len();
            rows.retain(|row| position.seen.insert(key(row)));
            if rows.is_empty() {
                let message = format!(
                    "the page at {header}: {} brings nothing but rows that were there before, so the list cannot be \
                     read to its end; does something drop the paging headers?",
                    position.received
                );
                return Err(session.senseless(&call, Kind::Paging, &message));
            }
            position.received += received;
            if position.received > MOST_ROWS {
                let message = format!("the list goes on after {MOST_ROWS} rows");
                return Err(session.senseless(&call, Kind::Paging, &message));
            }
            Ok(Some((rows, position)))
        }
    });
    stream.boxed()
}

/// Reads all pages into one list.
pub(super) async fn collect<T>(pages: Pages<T>) -> Result<Vec<T>, Error> {
    pages.try_concat().await
}
