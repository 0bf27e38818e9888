//! Bodies of answers, each as all that it may be the answer to.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| aehctl::fuzzing::response(input));
