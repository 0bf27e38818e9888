//! Snapshots, with plans and exports of what they hold.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| aehctl::fuzzing::snapshot(input));
