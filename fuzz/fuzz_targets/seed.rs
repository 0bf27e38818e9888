//! The emulator's seed documents.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| aehctl::fuzzing::seed(input));
