//! Headers: whatever stands in them, there is a test or there is none, and one that is found travels on.
#![no_main]

use libfuzzer_sys::fuzz_target;
use livecheck_core::Context;
use livecheck_core::context::{
    BAGGAGE, TEST_EXPIRES, TEST_ID, TEST_NAME, TEST_PARTITION_KEY, TEST_TIMESTAMP,
};

fuzz_target!(|headers: Vec<(u8, &[u8])>| {
    let names = [
        TEST_ID,
        TEST_NAME,
        TEST_TIMESTAMP,
        TEST_EXPIRES,
        TEST_PARTITION_KEY,
        BAGGAGE,
        "livecheck-test-id",
    ];
    let named = headers.iter().map(|(name, value)| (names[usize::from(*name) % names.len()], *value));
    let Some(context) = Context::from_headers(named.clone()) else { return };

    let written = context.to_headers();
    let again = Context::from_headers(written.iter().map(|(name, value)| (*name, value.as_bytes())));
    assert_eq!(again.as_ref(), Some(&context));

    let before = named.clone().find_map(|(name, value)| (name == BAGGAGE).then_some(value));
    let baggage = context.to_baggage(before.and_then(|value| std::str::from_utf8(value).ok()));
    assert_eq!(Context::from_headers([(BAGGAGE, baggage.as_bytes())]), Some(context));
});
