//! Lists that are cut so that they fit a message.

use serde::Serialize;
use shared::chat::limits::{LIST_ENTRIES, MESSAGE_BYTES};

/// Bytes of a message that its list leaves to the other fields: the longest of them, a topic of 250
/// characters, takes 1,000.
pub(super) const ENVELOPE_BYTES: usize = 4 * 1024;

/// A list that is cut so that it fits a message, whatever its items are.
#[derive(Debug)]
pub(super) struct Page<T> {
    items: Vec<T>,
    bytes: usize,
    more: bool,
}

impl<T: Serialize> Page<T> {
    pub(super) fn new() -> Self {
        Self {
            items: Vec::new(),
            bytes: 0,
            more: false,
        }
    }

    /// Fills a page from the start of `items`.
    pub(super) fn of(items: impl IntoIterator<Item = T>) -> Self {
        let mut page = Self::new();
        for item in items {
            if !page.push(item) {
                break;
            }
        }
        page
    }

    /// Adds an item. Returns `false` if the page is full; then the item belongs to the next page.
    ///
    /// An item that fits no page is left out: a client that asks for the next page would get none of
    /// what is behind it.
    pub(super) fn push(&mut self, item: T) -> bool {
        // As encoded, since escapes make a text longer, and with its comma.
        let bytes = encoded_bytes(&item) + 1;
        if bytes > MESSAGE_BYTES - ENVELOPE_BYTES {
            tracing::error!(bytes, "an item of a list is longer than a message");
            return true;
        }
        if self.items.len() >= LIST_ENTRIES || self.bytes + bytes > MESSAGE_BYTES - ENVELOPE_BYTES {
            self.more = true;
            return false;
        }
        self.bytes += bytes;
        self.items.push(item);
        true
    }

    /// Returns the items, and `true` if the list goes on after them.
    pub(super) fn finish(self) -> (Vec<T>, bool) {
        (self.items, self.more)
    }
}

/// Returns the length of a value's JSON in bytes.
fn encoded_bytes(value: &impl Serialize) -> usize {
    struct Counter(usize);
    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    match serde_json::to_writer(&mut counter, value) {
        Ok(()) => counter.0,
        // It fits no page, and so is left out instead of breaking the message.
        Err(_) => MESSAGE_BYTES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_before_a_message_is_full_and_loses_nothing() {
        // Quotation marks, which JSON escapes: a page that counted bytes of texts would be twice as
        // long.
        let items: Vec<String> = (0..1000).map(|n| "\"".repeat(n % 700)).collect();
        let (mut seen, mut pages) = (0, 0);
        loop {
            let (page, more) = Page::of(items[seen..].iter().cloned()).finish();
            assert!(
                serde_json::to_string(&page).unwrap().len() <= MESSAGE_BYTES - ENVELOPE_BYTES + 1
            );
            assert!(!page.is_empty() && page.len() <= LIST_ENTRIES);
            seen += page.len();
            pages += 1;
            if !more {
                break;
            }
        }
        assert_eq!(seen, items.len());
        assert!(pages > 10, "{pages}");
    }

    #[test]
    fn an_item_that_fits_no_page_does_not_hide_those_behind_it() {
        let items = [
            "first".to_owned(),
            "x".repeat(MESSAGE_BYTES),
            "last".to_owned(),
        ];
        let (page, more) = Page::of(items).finish();
        assert_eq!(
            (page, more),
            (vec!["first".to_owned(), "last".to_owned()], false)
        );
    }
}
