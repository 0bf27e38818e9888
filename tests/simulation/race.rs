//! Whether somebody may have changed an object between the read before a write and the write itself: what a write carries
//! over is then what was.

use aehctl::emulator::{Edit, LoggedRequest};

use crate::pipeline::PARALLELISM;

/// Requests are logged as they end, and so many others may be under way meanwhile.
const UNDER_WAY: usize = PARALLELISM;

/// Whether the edit came after the last read of its object that surely was over, and before the write that followed.
pub(crate) fn is_raced(log: &[LoggedRequest], edit: &Edit) -> bool {
    let object = match edit {
        Edit::Widen { group_id, asset_id, .. } | Edit::Narrow { group_id, asset_id, .. } => {
            format!("/assets/{group_id}/{asset_id}")
        }
        Edit::Join { user, .. } | Edit::Leave { user, .. } => format!("/users/{user}"),
        _ => return false,
    };
    let mut read = 0;
    for (ended, request) in log.iter().enumerate().filter(|(_, request)| request.path.contains(&object)) {
        if request.method == "GET" {
            read = ended;
            continue;
        }
        let meanwhile = read.saturating_sub(UNDER_WAY)..log.len().min(ended + UNDER_WAY);
        if log[meanwhile].iter().any(|request| request.editor.contains(edit)) {
            return true;
        }
    }
    false
}
