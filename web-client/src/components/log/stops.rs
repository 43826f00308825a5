//! The keyboard in the log: the log is one Tab stop, the arrows move between its messages, and only
//! the controls of the message at hand are further stops. Otherwise a hundred stops lay between the
//! rooms and the composer. (W3C, *ARIA Authoring Practices*, roving tabindex.)

use std::cell::Cell;
use std::rc::Rc;

use shared::chat::Seq;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};
use yew::prelude::*;

/// The selector of the focusable controls in a row.
const CONTROLS: &str = "a[href], button, pre";

/// The selector of the rows that the arrow keys move between.
const ROWS: &str = "article[data-seq]";

/// The message whose controls are Tab stops.
#[derive(Clone, Default)]
pub(super) struct Stops(Rc<Cell<Option<Seq>>>);

impl Stops {
    /// Makes the controls of the message at hand Tab stops, and those of all others not. It works on
    /// the document and not by properties: whatever a message consists of, none is forgotten.
    pub(super) fn keep(&self, log: &Element) {
        let current = self.0.get().map(|seq| seq.to_string());
        each(log, ROWS, |row| {
            let stop = if row.get_attribute("data-seq") == current {
                "0"
            } else {
                "-1"
            };
            each(&row, CONTROLS, |control| {
                if control.get_attribute("tabindex").as_deref() != Some(stop) {
                    let _ = control.set_attribute("tabindex", stop);
                }
            });
        });
    }

    /// Returns the callback for a focus that comes into the log.
    pub(super) fn on_focus(&self, node: &NodeRef) -> Callback<FocusEvent> {
        let (this, node) = (self.clone(), node.clone());
        Callback::from(move |event: FocusEvent| {
            let row = event.target_dyn_into::<Element>();
            let row = row.and_then(|it| it.closest(ROWS).ok()?);
            let seq = row.and_then(|row| row.get_attribute("data-seq")?.parse().ok());
            if let (Some(seq), Some(log)) = (seq, node.cast::<Element>())
                && this.0.replace(Some(seq)) != Some(seq)
            {
                this.keep(&log);
            }
        })
    }

    /// Returns the callback for the keys of the log.
    pub(super) fn on_key(node: &NodeRef) -> Callback<KeyboardEvent> {
        let node = node.clone();
        Callback::from(move |event: KeyboardEvent| {
            let Some((log, target)) = node
                .cast::<Element>()
                .zip(event.target_dyn_into::<Element>())
            else {
                return;
            };
            let row = target.closest(ROWS).ok().flatten();
            let at_row = target == log || Some(&target) == row.as_ref();
            let next = match event.key().as_str() {
                "ArrowDown" if at_row => beside(&log, row.as_ref(), true),
                "ArrowUp" if at_row => beside(&log, row.as_ref(), false),
                "Enter" if at_row => row.and_then(|row| row.query_selector(CONTROLS).ok()?),
                "Escape" if !at_row => row,
                _ => return,
            };
            if let Some(next) = next.and_then(|it| it.dyn_into::<HtmlElement>().ok()) {
                event.prevent_default();
                let _ = next.focus();
            }
        })
    }
}

/// Returns the row after or before another one; without one, the newest.
fn beside(log: &Element, row: Option<&Element>, after: bool) -> Option<Element> {
    let mut other = match row {
        Some(row) if after => row.next_element_sibling(),
        Some(row) => row.previous_element_sibling(),
        None => {
            let mut last = None;
            each(log, ROWS, |row| last = Some(row));
            return last;
        }
    };
    while let Some(element) = other {
        if element.matches(ROWS).unwrap_or(false) {
            return Some(element);
        }
        other = if after {
            element.next_element_sibling()
        } else {
            element.previous_element_sibling()
        };
    }
    None
}

fn each(within: &Element, selector: &str, mut take: impl FnMut(Element)) {
    let Ok(found) = within.query_selector_all(selector) else {
        return;
    };
    for at in 0..found.length() {
        if let Some(element) = found.get(at).and_then(|node| node.dyn_into().ok()) {
            take(element);
        }
    }
}
