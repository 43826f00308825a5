//! The text field of the composer as the browser has it: caret, selection, and changes that the
//! browser can undo.

use std::ops::Range;

use wasm_bindgen::JsCast;
use web_sys::{HtmlDocument, HtmlTextAreaElement};
use yew::prelude::*;

/// Returns the selection in bytes of the field's text; a caret is an empty one.
pub(super) fn selection(node: &NodeRef) -> Option<Range<usize>> {
    let area = node.cast::<HtmlTextAreaElement>()?;
    let text = area.value();
    let start = area.selection_start().ok()??;
    let end = area.selection_end().ok()??;
    Some(to_bytes(&text, start)..to_bytes(&text, end))
}

/// Replaces a part of the field's text, as if the person had typed it, and selects `selected` of the
/// new text. Ranges are in bytes.
pub(super) fn replace(node: &NodeRef, part: &Range<usize>, with: &str, selected: &Range<usize>) {
    let Some(area) = node.cast::<HtmlTextAreaElement>() else {
        return;
    };
    let text = area.value();
    let part = to_units(&text, part.start)..to_units(&text, part.end);
    // Both fail only for a field without a selection, which a text area is not.
    let _ = area.focus();
    let _ = area.set_selection_range(part.start, part.end);
    if !insert(with) {
        // It is gone for "undo" then, but it is there.
        let _ = area.set_range_text(with);
        if let Ok(event) = web_sys::InputEvent::new("input") {
            let _ = area.dispatch_event(&event);
        }
    }
    let text = area.value();
    let selected = to_units(&text, selected.start)..to_units(&text, selected.end);
    let _ = area.set_selection_range(selected.start, selected.end);
}

/// Types `text` in the place of the selection; all engines have this, and no other way can be
/// undone by the person.
fn insert(text: &str) -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    let document = document.and_then(|document| document.dyn_into::<HtmlDocument>().ok());
    document.is_some_and(|document| {
        let done = document.exec_command_with_show_ui_and_value("insertText", false, text);
        done.unwrap_or(false)
    })
}

/// Returns the place in bytes of a place in UTF-16 code units, in which browsers count.
fn to_bytes(text: &str, units: u32) -> usize {
    let mut left = units as usize;
    for (at, character) in text.char_indices() {
        if left == 0 {
            return at;
        }
        left = left.saturating_sub(character.len_utf16());
    }
    text.len()
}

/// Returns the place in UTF-16 code units of a place in bytes.
fn to_units(text: &str, bytes: usize) -> u32 {
    let before = text.get(..bytes).unwrap_or(text);
    u32::try_from(before.encode_utf16().count()).unwrap_or(u32::MAX)
}
