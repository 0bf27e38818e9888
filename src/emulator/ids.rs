//! Ids of what is created: random, or from the seed of the faults and the thing's own name.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

#[derive(Debug)]
pub(crate) struct Ids {
    seed: Option<u64>,
    /// How often each thing was created.
    counts: Mutex<HashMap<String, u64>>,
}

impl Ids {
    /// With a seed the same things get the same ids in every run, so that requests about them meet the same faults.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self { seed, counts: Mutex::default() }
    }

    /// An id for a thing of this kind and name, that no other has.
    pub(crate) fn fresh(&self, kind: &str, name: &str, is_taken: impl Fn(&str) -> bool) -> String {
        let Some(seed) = self.seed else { return Uuid::new_v4().to_string() };
        let thing = format!("aehctl:emulator/{seed}/{kind}/{name}");
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(thing.clone()).or_default();
        loop {
            *count += 1;
            let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{thing}/{count}").as_bytes()).to_string();
            if !is_taken(&id) {
                return id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_things_get_the_same_ids_and_no_id_is_given_twice() {
        let (first, second) = (Ids::new(Some(7)), Ids::new(Some(7)));
        let one = first.fresh("group", "Gold", |_| false);
        assert_eq!(second.fresh("group", "Gold", |_| false), one);
        assert_ne!(first.fresh("group", "Gold", |_| false), one);
        assert_ne!(Ids::new(Some(8)).fresh("group", "Gold", |_| false), one);
        assert_ne!(Ids::new(Some(7)).fresh("group", "Gold", |id| id == one), one);
        assert_ne!(Ids::new(None).fresh("group", "Gold", |_| false), Ids::new(None).fresh("group", "Gold", |_| false));
    }
}
