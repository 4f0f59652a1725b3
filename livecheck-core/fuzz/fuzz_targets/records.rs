//! Values of records: whatever the bytes, they are read or refused, and what was read is read again alike.
#![no_main]

use libfuzzer_sys::fuzz_target;
use livecheck_core::wire::{SignalEvent, TestExecution, TestReport, decode, encode};

fuzz_target!(|value: &[u8]| {
    if let Ok(test) = decode::<TestExecution>(Some(value)) {
        let again: TestExecution = decode(Some(&encode(&test).unwrap())).unwrap();
        assert_eq!(again.key(), test.key());
        assert_eq!(again.expires, test.expires);
        assert_eq!(again.arguments.describe(), test.arguments.describe());
    }
    if let Ok(event) = decode::<SignalEvent>(Some(value)) {
        let again: SignalEvent = decode(Some(&encode(&event).unwrap())).unwrap();
        assert_eq!((again.signal_name, again.key), (event.signal_name, event.key));
        assert_eq!(again.value.is_some(), event.value.is_some());
    }
    if let Ok(report) = decode::<TestReport>(Some(value)) {
        let again: TestReport = decode(Some(&encode(&report).unwrap())).unwrap();
        assert_eq!(
            (again.case_name, again.state, again.error),
            (report.case_name, report.state, report.error)
        );
    }
});
