//! How much memory requests and answers take that are under way, over all connections together.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts bytes against a limit.
#[derive(Debug)]
pub(crate) struct Traffic {
    taken: AtomicUsize,
    limit: usize,
}

/// Bytes that are taken until this is dropped.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    traffic: &'a Traffic,
    bytes: usize,
}

impl Traffic {
    pub(crate) fn new(limit: usize) -> Self {
        Self { taken: AtomicUsize::new(0), limit }
    }

    /// How much there is room for.
    pub(crate) fn room(&self) -> usize {
        self.limit.saturating_sub(self.taken.load(Ordering::Relaxed))
    }

    /// Takes so many bytes, also where there is no room for them.
    pub(crate) fn take(&self, bytes: usize) -> Taken<'_> {
        self.taken.fetch_add(bytes, Ordering::Relaxed);
        Taken { traffic: self, bytes }
    }
}

impl Taken<'_> {
    /// Takes so many in all; says whether there was room.
    pub(crate) fn set(&mut self, bytes: usize) -> bool {
        let had_room = bytes <= self.bytes || self.traffic.room() >= bytes - self.bytes;
        let more = self.traffic.take(bytes);
        *self = more;
        had_room
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.traffic.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_given_back() {
        let traffic = Traffic::new(100);
        let mut one = traffic.take(30);
        let other = traffic.take(50);
        assert_eq!(traffic.room(), 20);
        assert!(one.set(50));
        assert!(!one.set(51));
        assert_eq!(traffic.room(), 0);
        assert!(one.set(10));
        drop(other);
        assert_eq!(traffic.room(), 90);
        drop(one);
        assert_eq!(traffic.room(), 100);
    }
}
