//! The reader's position in the log, which stays when the log changes above it.

use shared::chat::Seq;
use web_sys::{Element, HtmlElement};
use yew::NodeRef;

/// The distance to the end, in pixels, that counts as being there.
const NEAR_END: i32 = 48;

/// The reader's position: a message, and its distance from the upper edge. A scroll position in
/// pixels would not do: it points to another message as soon as an older one is inserted.
#[derive(Debug, Default)]
pub(super) struct Place {
    anchor: Option<(Seq, i32)>,
    /// The scroll position, in pixels, for which the anchor was found.
    top: i32,
    /// The reader is away from the end: the log does not follow new entries.
    away: bool,
}

/// The outcome of a scroll.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scrolled {
    /// The scroll went upwards.
    pub(super) up: bool,
    /// The end of the document's part of the log is visible.
    pub(super) at_end: bool,
    /// The distance to the end, in pixels.
    pub(super) rest: i32,
}

impl Place {
    /// Records the reader's position.
    pub(super) fn scrolled(&mut self, log: &HtmlElement) -> Scrolled {
        let top = log.scroll_top();
        let rest = log.scroll_height() - top - log.client_height();
        let up = top < self.top;
        self.top = top;
        self.anchor = first_in_sight(log, top);
        Scrolled {
            up,
            at_end: rest <= NEAR_END,
            rest,
        }
    }

    /// Records that the reader has left the end, or is back.
    pub(super) fn set_away(&mut self, away: bool) {
        self.away = away;
    }

    /// Makes a message the reader's position.
    pub(super) fn go_to(&mut self, node: &NodeRef, seq: Seq) {
        self.away = true;
        self.anchor = Some((seq, NEAR_END));
        // From here on the person has scrolled by nothing.
        self.top = node.cast::<HtmlElement>().map_or(0, |log| log.scroll_top());
    }

    /// Restores the reader's position after a change.
    pub(super) fn keep(&mut self, node: &NodeRef) {
        // At the end there is no position to keep: the log follows the latest entry.
        if !self.away {
            return to_end(node);
        }
        let Some((log, (seq, below))) = node.cast::<HtmlElement>().zip(self.anchor) else {
            return;
        };
        if let Some(message) = find(&log, seq) {
            // The person may have scrolled since the last event of that: it comes with the next
            // frame.
            let scrolled = log.scroll_top() - self.top;
            let start = message.offset_top() - log.offset_top();
            let top = start - below + scrolled;
            if top != log.scroll_top() {
                log.set_scroll_top(top);
            }
            // Read back, because browsers round and bound the value: a difference would count as a
            // scroll of the person.
            self.top = log.scroll_top();
            self.anchor = Some((seq, start - self.top));
        }
    }
}

/// Scrolls to the end of the document's part of the log.
pub(super) fn to_end(node: &NodeRef) {
    if let Some(log) = node.cast::<HtmlElement>() {
        log.set_scroll_top(log.scroll_height());
    }
}

fn find(log: &HtmlElement, seq: Seq) -> Option<HtmlElement> {
    let found = log
        .query_selector(&format!("[data-seq=\"{seq}\"]"))
        .ok()??;
    wasm_bindgen::JsCast::dyn_into(found).ok()
}

/// Returns the first and the last message of which a part is in view.
pub(super) fn in_view(log: &HtmlElement) -> Option<(Seq, Seq)> {
    let top = log.scroll_top();
    let (first, _) = first_in_sight(log, top)?;
    let mut last = first;
    let mut child = find(log, first)?.next_element_sibling();
    while let Some(element) = child {
        child = element.next_element_sibling();
        let Some(message) = wasm_bindgen::JsCast::dyn_ref::<HtmlElement>(&element) else {
            continue;
        };
        if message.offset_top() - log.offset_top() >= top + log.client_height() {
            break;
        }
        let seq = element.get_attribute("data-seq");
        last = seq.and_then(|seq| seq.parse().ok()).unwrap_or(last);
    }
    Some((first, last))
}

/// Returns the first message whose lower edge is below the upper edge of the view.
fn first_in_sight(log: &HtmlElement, top: i32) -> Option<(Seq, i32)> {
    let mut child = log.first_element_child();
    while let Some(element) = child {
        if let Some(found) = in_sight(log, &element, top) {
            return Some(found);
        }
        child = element.next_element_sibling();
    }
    None
}

fn in_sight(log: &HtmlElement, element: &Element, top: i32) -> Option<(Seq, i32)> {
    let seq = element.get_attribute("data-seq")?.parse().ok()?;
    let element: &HtmlElement = wasm_bindgen::JsCast::dyn_ref(element)?;
    let start = element.offset_top() - log.offset_top();
    (start + element.offset_height() > top).then_some((seq, start - top))
}
