#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| livecheck_broker::fuzzing::frames(data));
