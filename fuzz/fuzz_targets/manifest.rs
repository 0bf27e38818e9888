//! Manifests, and a plan of each that is sound.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| aehctl::fuzzing::manifest(input));
