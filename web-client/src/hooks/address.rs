//! Keeps the page's address, the room on the screen and the panel beside its log alike.

use gloo_events::EventListener;
use yew::prelude::*;

use super::media::media_holds;
use super::reducible::Store;
use crate::engine::page;
use crate::engine::storage::{self, Setting};
use crate::state::Action;
use crate::state::link::View;
use crate::state::panel::Panel;

/// The media query of windows with space for a panel beside the log, as `chat.css` has it: the focus,
/// `inert` and the history depend on it too.
pub const WIDE: &str = "not all and (max-width: 68.74em)";

/// Returns the part of the chat to begin with: that of the address, with the panel that was open the
/// last time if there is space for one.
pub(super) fn first_view() -> Option<View> {
    let mut view = page::view()?;
    if media_holds(WIDE) {
        let remembered = || Panel::parse(&storage::load(Setting::Panel));
        view.panel = view.panel.or_else(remembered);
    }
    Some(view)
}

#[hook]
pub(super) fn use_address(store: &UseReducerHandle<Store>) {
    let dispatcher = store.dispatcher();
    use_effect_with((), move |()| {
        let listener = web_sys::window().map(|window| {
            EventListener::new(&window, "popstate", move |_| {
                if let Some(view) = page::view() {
                    dispatcher.dispatch(Action::Address(view));
                }
            })
        });
        move || drop(listener)
    });
    let panel = store.0.panel;
    let number = store.0.chat.room().map_or(0, |room| room.number);
    let shown = store.0.shown_room().cloned();
    let shown = shown.map(|room| (View { room, panel }, number));
    let former = use_mut_ref(Former::default);
    use_effect_with(shown, move |shown| {
        if let Some((view, number)) = shown {
            former.borrow_mut().follow(view, *number);
        }
    });
}

/// The part of the chat that was shown before.
#[derive(Default)]
struct Former {
    /// The room's number.
    number: Option<u64>,
    panel: Option<Panel>,
    /// The present entry of the history is that of a panel that covers the log.
    covers: bool,
}

impl Former {
    /// Has the address follow the screen.
    fn follow(&mut self, view: &View, number: u64) {
        // A room that is renamed stays the same entry: whoever renames it again and again must not
        // fill the history.
        let former = self.number.replace(number);
        let other_room = former.is_some_and(|former| former != number);
        let had_panel = std::mem::replace(&mut self.panel, view.panel);
        let wide = media_holds(WIDE);
        if wide && had_panel != view.panel {
            storage::save(Setting::Panel, view.panel.map_or("", Panel::as_str));
        }
        // Where the address led has its entry already, and the first room takes the place of the
        // first screen. An address with a link that was not used yet stays.
        if page::view().is_none_or(|named| named == *view) {
            self.covers &= view.panel.is_some();
            return;
        }
        // The room that the address names cannot be joined, or not yet: the address keeps it, so that
        // loading the page anew leads there once the person is invited.
        if former.is_none() && page::view().is_some_and(|named| named.room != view.room) {
            return;
        }
        let covers = !wide && view.panel.is_some();
        if self.covers && view.panel.is_none() && !other_room {
            // Closed by its button: "back" from here would open it again.
            page::go_back();
        } else {
            page::show(
                view,
                other_room || (covers && !self.covers && former.is_some()),
            );
        }
        self.covers = covers;
    }
}
