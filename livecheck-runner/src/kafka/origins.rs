//! Who has sent a record, by its headers.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use livecheck_core::Origin;

/// How many senders a thread remembers: beyond that it begins anew.
const MOST: usize = 1_000;

thread_local! {
    /// The senders that this thread has met, by their header: a few say the same with every record.
    static MET: RefCell<HashMap<Box<[u8]>, Arc<Origin>>> = RefCell::default();
}

/// What that header says, read once for each sender.
pub(super) fn origin(header: &[u8]) -> Option<Arc<Origin>> {
    MET.with_borrow_mut(|met| {
        if let Some(origin) = met.get(header) {
            return Some(Arc::clone(origin));
        }
        let origin = Arc::new(Origin::from_header(std::str::from_utf8(header).ok()?));
        if met.len() >= MOST {
            met.clear();
        }
        met.insert(header.into(), Arc::clone(&origin));
        Some(origin)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_read_once_and_many_are_not_kept() {
        let first = origin(b"service=order-web;host=web-1").expect("a sender");
        assert_eq!(first.service.as_deref(), Some("order-web"));
        let again = origin(b"service=order-web;host=web-1").expect("a sender");
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!(origin(b"\xff\xfe"), None);
        for number in 0..3 * MOST {
            origin(format!("host=web-{number}").as_bytes()).expect("a sender");
        }
        assert!(MET.with_borrow(HashMap::len) <= MOST);
    }
}
