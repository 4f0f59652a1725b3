//! What an uptest has written: all of it, or its beginning and its end.

use std::borrow::Cow;
use std::collections::VecDeque;

/// How much of the beginning is kept, and how much of the end, in bytes.
const HALF: usize = 256 * 1024;

/// What was written, in bounded memory.
///
/// ```
/// use livecheck_uptest::Captured;
///
/// let mut captured = Captured::default();
/// captured.push(b"connected\n");
/// assert_eq!(captured.text(), "connected\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    cut: u64,
}

impl Captured {
    /// Adds what was written next.
    pub fn push(&mut self, bytes: &[u8]) {
        let (head, rest) = bytes.split_at(bytes.len().min(HALF - self.head.len()));
        self.head.extend_from_slice(head);
        // Of what is longer than the end, only the end counts.
        let (passed_by, rest) = rest.split_at(rest.len().saturating_sub(HALF));
        let too_many = if passed_by.is_empty() {
            (self.tail.len() + rest.len()).saturating_sub(HALF)
        } else {
            self.tail.len()
        };
        self.tail.drain(..too_many);
        self.tail.extend(rest);
        self.cut += (passed_by.len() + too_many) as u64;
    }

    /// How many bytes between the beginning and the end are not kept.
    #[must_use]
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// What is kept, with a line that says how much is not where it was.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head.clone();
        if self.cut > 0 {
            bytes.extend_from_slice(format!("\n[… {} bytes are left out …]\n", self.cut).as_bytes());
        }
        let (front, back) = self.tail.as_slices();
        bytes.extend_from_slice(front);
        bytes.extend_from_slice(back);
        bytes
    }

    /// The end of it as text, of so many bytes at most.
    #[must_use]
    pub fn end(&self, most: usize) -> String {
        let text = self.text();
        let mut from = text.len().saturating_sub(most);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        text[from..].to_owned()
    }

    /// The same as text: what is no UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.bytes();
        match String::from_utf8_lossy(&bytes) {
            Cow::Borrowed(text) => text.to_owned(),
            Cow::Owned(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn however_it_is_written_the_beginning_and_the_end_are_kept(
            lengths in prop::collection::vec(0..3 * HALF, 0..6),
        ) {
            let mut captured = Captured::default();
            let mut all = Vec::new();
            for (number, length) in lengths.into_iter().enumerate() {
                let part: Vec<u8> = (0..length).map(|at| (at * 7 + number) as u8).collect();
                captured.push(&part);
                all.extend(part);
            }
            let kept = captured.bytes();
            if all.len() <= 2 * HALF {
                prop_assert_eq!(captured.cut(), 0);
                prop_assert!(kept == all);
            } else {
                prop_assert_eq!(captured.cut(), (all.len() - 2 * HALF) as u64);
                prop_assert!(kept.starts_with(&all[..HALF]));
                prop_assert!(kept.ends_with(&all[all.len() - HALF..]));
            }
        }
    }

    #[test]
    fn the_end_of_an_output_is_whole_characters() {
        let mut captured = Captured::default();
        captured.push("ää".as_bytes());
        assert_eq!((captured.end(3), captured.end(100)), ("ä".to_owned(), "ää".to_owned()));
    }

    #[test]
    fn what_is_left_out_is_said_where_it_was() {
        let mut captured = Captured::default();
        for _ in 0..1024 {
            captured.push(&[b'x'; 1024]);
        }
        let line = "\n[… 524288 bytes are left out …]\n";
        assert_eq!(captured.text(), format!("{0}{line}{0}", "x".repeat(HALF)));
    }
}
