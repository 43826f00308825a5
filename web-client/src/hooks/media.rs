//! A hook that knows whether a media query holds.

use gloo_events::EventListener;
use web_sys::MediaQueryList;
use yew::prelude::*;

/// Returns `true` while the media query holds, and renders again when that changes.
#[hook]
pub fn use_media(query: &'static str) -> bool {
    let holds = use_state(|| media_holds(query));
    use_effect_with(query, {
        let holds = holds.setter();
        move |query| {
            let listener = list(query).map(|list| {
                // It may have changed between the first rendering and this.
                holds.set(list.matches());
                EventListener::new(&list.clone(), "change", move |_| holds.set(list.matches()))
            });
            move || drop(listener)
        }
    });
    *holds
}

/// Returns `true` if the media query holds now.
pub(super) fn media_holds(query: &str) -> bool {
    list(query).is_some_and(|list| list.matches())
}

fn list(query: &str) -> Option<MediaQueryList> {
    web_sys::window()?.match_media(query).ok()?
}
