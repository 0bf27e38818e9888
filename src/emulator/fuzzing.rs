//! The door for fuzzing: a seed document into a world in memory, and out of it.

use super::seed;
use super::store::Store;

/// Fills a world. One that was filled is dumped as a document that makes the same world again.
pub fn fill(document: &str) {
    let world = |document: &str| {
        let store = Store::in_memory().expect("a database in memory can be made");
        seed::fill(&store, document, false).map(|()| seed::dump(&store).expect("a world can be dumped"))
    };
    if let Ok(dump) = world(document) {
        assert_eq!(world(&dump).expect("a dump is a seed document"), dump);
    }
}
