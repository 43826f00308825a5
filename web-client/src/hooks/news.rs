//! Shows outside of the page what is new inside: a number in its title, and, if the person has
//! allowed it, a notification when a message mentions the person while the page is out of sight.

use web_sys::{Notification, NotificationOptions, NotificationPermission};
use yew::prelude::*;

use super::visible::use_visible;
use crate::state::news::News;

/// The page's title when nothing is new.
const TITLE: &str = "Secure Chat";

/// Keeps the title up to date, and notifies.
#[hook]
pub fn use_news(news: News) {
    let visible = use_visible();
    let told = use_mut_ref(|| 0_u64);
    use_effect_with((news, visible), move |(news, visible)| {
        let document = web_sys::window().and_then(|window| window.document());
        if let Some(document) = document {
            document.set_title(&match news.unread {
                0 => TITLE.to_owned(),
                unread => format!("({unread}) {TITLE}"),
            });
        }
        // Only a rising number notifies: it also falls, when the person reads in another tab.
        let before = std::mem::replace(&mut *told.borrow_mut(), news.meant);
        if !visible && news.meant > before && may_notify() == Some(true) {
            notify(news);
        }
    });
}

fn notify(news: &News) {
    let options = NotificationOptions::new();
    // The writer and the room, but not the text: the notification may show on a locked screen.
    options.set_body(&news.latest);
    // With one tag a new notification replaces the former one, so a busy room does not fill the
    // screen.
    options.set_tag("secure-chat");
    // A browser that does not want to show it need not.
    let _ = Notification::new_with_options(TITLE, &options);
}

/// Returns the person's answer to notifications; `None` without an answer, or if none can be given.
pub fn may_notify() -> Option<bool> {
    let window = web_sys::window()?;
    if !js_sys::Reflect::has(&window, &"Notification".into()).unwrap_or(false) {
        return Some(false);
    }
    match Notification::permission() {
        NotificationPermission::Granted => Some(true),
        NotificationPermission::Denied => Some(false),
        _ => None,
    }
}

/// Asks the person; `answered` is called after the answer.
pub fn ask_to_notify(answered: impl FnOnce() + 'static) {
    let Ok(asked) = Notification::request_permission() else {
        return;
    };
    wasm_bindgen_futures::spawn_local(async move {
        // The answer is read from the browser when it is needed, as `may_notify` does.
        let _ = wasm_bindgen_futures::JsFuture::from(asked).await;
        answered();
    });
}
