//! Plan files, and plans whose digest somebody has mended.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| aehctl::fuzzing::plan_file(input));
