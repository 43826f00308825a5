//! The panel beside the log: which one is open, and where the keyboard's focus goes when that
//! changes.

use std::cell::RefCell;
use std::rc::Rc;

use web_sys::HtmlElement;
use yew::prelude::*;

use crate::components::callbacks::set_to;
use crate::hooks::use_media;

/// The media query of windows with space beside the log, as `chat.css` has it: the focus and `inert`
/// depend on it too.
const WIDE: &str = "not all and (max-width: 1099px)";

/// A panel that can be shown beside the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aside {
    Handshake,
    Members,
    Search,
    Console,
}

impl Aside {
    /// Returns the panel's name for people.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Handshake => "Handshake",
            Self::Members => "Members",
            Self::Search => "Search",
            Self::Console => "Server",
        }
    }
}

/// The state of the place beside the log.
#[derive(Clone)]
pub(super) struct AsideState {
    /// There is space beside the log; otherwise a panel lies over it.
    pub(super) wide: bool,
    /// The element of the panel.
    pub(super) node: NodeRef,
    open: UseStateHandle<Option<Aside>>,
    /// The button that has opened the panel.
    opener: Rc<RefCell<Option<HtmlElement>>>,
}

impl AsideState {
    /// Returns the panel that is open.
    pub(super) fn open(&self) -> Option<Aside> {
        *self.open
    }

    /// Returns the callback of a button that opens the panel `which`, or closes it.
    pub(super) fn on_toggle(&self, which: Aside) -> Callback<MouseEvent> {
        let (open, opener) = (self.open.clone(), self.opener.clone());
        Callback::from(move |event: MouseEvent| {
            let next = (*open != Some(which)).then_some(which);
            *opener.borrow_mut() = event.target_dyn_into::<HtmlElement>();
            open.set(next);
        })
    }

    /// Returns the callback that closes the panel.
    pub(super) fn on_close(&self) -> Callback<()> {
        set_to(&self.open, None)
    }
}

/// Returns the state of the place beside the log, where the handshake is shown first if there is
/// space.
#[hook]
pub(super) fn use_aside() -> AsideState {
    let wide = use_media(WIDE);
    let open = use_state(|| wide.then_some(Aside::Handshake));
    let node = use_node_ref();
    let opener = use_mut_ref(|| None::<HtmlElement>);
    // A panel that lies over the chat takes the focus. When it closes, the focus that may have been
    // in it returns to the button that opened it; otherwise a keyboard user would begin at the top
    // again.
    use_effect_with(*open, {
        let (node, opener) = (node.clone(), opener.clone());
        move |open| match open {
            Some(_) if wide => {}
            Some(_) if opener.borrow().is_some() => {
                if let Some(element) = node.cast::<HtmlElement>() {
                    let _ = element.focus();
                }
            }
            Some(_) => {}
            None => {
                if let Some(element) = opener.borrow_mut().take() {
                    let _ = element.focus();
                }
            }
        }
    });
    AsideState {
        wide,
        node,
        open,
        opener,
    }
}
