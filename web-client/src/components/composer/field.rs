//! The text field of the composer as the browser has it: its height, caret, selection, and changes
//! that the browser can undo.

use std::ops::Range;

use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDocument, HtmlTextAreaElement};
use yew::prelude::*;

use crate::hooks::use_resize;

/// Returns the field's text, which may be newer than what was rendered.
pub(super) fn text(node: &NodeRef) -> Option<String> {
    Some(node.cast::<HtmlTextAreaElement>()?.value())
}

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

/// Gives the field the height of its text where the browser does not (`field-sizing`): when the text
/// changes, and when the field gets another width.
#[hook]
pub(super) fn use_height(node: &NodeRef, text: &str) {
    let width = use_mut_ref(|| 0);
    use_effect_with(text.to_owned(), {
        let node = node.clone();
        move |_| fit(&node)
    });
    use_resize(node.clone(), {
        let node = node.clone();
        Callback::from(move |()| {
            let area = node.cast::<HtmlTextAreaElement>();
            let now = area.map_or(0, |area| area.client_width());
            // Its own new height is no reason, and must not be set while the browser reports sizes.
            if width.replace(now) != now {
                let node = node.clone();
                Timeout::new(0, move || fit(&node)).forget();
            }
        })
    });
}

fn fit(node: &NodeRef) {
    let Some(area) = node.cast::<HtmlTextAreaElement>() else {
        return;
    };
    let style = area.style();
    if js_sys::Reflect::has(&style, &"fieldSizing".into()).unwrap_or(true) {
        return;
    }
    // Measured without the former height, which a shorter text would keep. Both fail for no value
    // that a browser does not know.
    let _ = style.set_property("height", "auto");
    let borders = area.offset_height() - area.client_height();
    let height = format!("{}px", area.scroll_height() + borders);
    let _ = style.set_property("height", &height);
}
