//! The place beside the log: the panel in it, and where the keyboard's focus goes when that changes.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::bar::MORE_ID;
use crate::components::callbacks::focus_on;
use crate::components::search::QUERY_ID;
use crate::hooks::{WIDE, use_media};
use crate::state::Action;
use crate::state::panel::Panel;

/// The state of the place beside the log.
#[derive(Clone)]
pub(super) struct AsideState {
    /// There is space beside the log; otherwise a panel lies over it.
    pub(super) wide: bool,
    /// The element of the panel.
    pub(super) node: NodeRef,
    open: Option<Panel>,
    act: Callback<Action>,
    /// The button that has opened the panel.
    opener: Rc<RefCell<Option<HtmlElement>>>,
}

impl AsideState {
    /// Returns the panel that is open.
    pub(super) fn open(&self) -> Option<Panel> {
        self.open
    }

    /// Returns the callback of a button that opens the panel `which`, or closes it.
    pub(super) fn on_toggle(&self, which: Panel) -> Callback<MouseEvent> {
        let (opener, act) = (self.opener.clone(), self.act.clone());
        let next = (self.open != Some(which)).then_some(which);
        Callback::from(move |event: MouseEvent| {
            // What was pressed may be the icon in the button, which cannot have the focus.
            let pressed = event.target_dyn_into::<Element>();
            let button = pressed.and_then(|it| it.closest("button").ok()?);
            *opener.borrow_mut() = button.and_then(|it| it.dyn_into().ok());
            act.emit(Action::Panel(next));
        })
    }

    /// Returns the callback that closes the panel.
    pub(super) fn on_close(&self) -> Callback<()> {
        self.act.reform(|()| Action::Panel(None))
    }
}

/// Returns the state of the place beside the log, where the panel `open` is shown.
#[hook]
pub(super) fn use_aside(open: Option<Panel>, act: &Callback<Action>) -> AsideState {
    let wide = use_media(WIDE);
    let node = use_node_ref();
    let opener = use_mut_ref(|| None::<HtmlElement>);
    // A panel that lies over the chat takes the focus. When it closes, the focus that may have been
    // in it returns to the button that opened it; otherwise a keyboard user would begin at the top
    // again.
    use_effect_with(open, {
        let (node, opener) = (node.clone(), opener.clone());
        move |open| match open {
            // Whoever opens a search types next.
            Some(Panel::Search) if opener.borrow().is_some() => focus_on(QUERY_ID),
            Some(_) if wide => {}
            Some(_) if opener.borrow().is_some() => {
                if let Some(element) = node.cast::<HtmlElement>() {
                    let _ = element.focus();
                }
            }
            Some(_) => {}
            None => {
                if let Some(element) = opener.borrow_mut().take() {
                    give_focus(&element);
                }
            }
        }
    });
    AsideState {
        wide,
        node,
        open,
        act: act.clone(),
        opener,
    }
}

/// Gives the focus to the button of a panel, or, where that is hidden, to the one that shows it.
fn give_focus(button: &HtmlElement) {
    let _ = button.focus();
    let document = web_sys::window().and_then(|window| window.document());
    let focused = document.and_then(|document| document.active_element());
    if focused.as_deref() != Some(&**button) {
        focus_on(MORE_ID);
    }
}
