#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::testing::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::url(data));
