//! Shows outside of the page what is new inside: a number in its title, and, if the person has
//! allowed it, a notification when a message mentions a person who does not look at the page.

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use shared::chat::Seq;
use web_sys::{Notification, NotificationOptions, NotificationPermission};
use yew::prelude::*;

use super::attention::use_attention;
use crate::state::news::{Mention, News};

/// The page's title when nothing is new.
const TITLE: &str = "Secure Chat";

/// The time, in milliseconds, after which the title shows a changed number of unread messages.
const TITLE_WAIT_MS: u32 = 100;

/// A notification on the screen; dropping it closes it.
struct Shown {
    notification: Notification,
    /// The number of the message's room, and that of the message.
    message: (u64, Seq),
    _clicked: EventListener,
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.notification.close();
    }
}

/// Keeps the title up to date, and notifies. `on_show` gets the number of a room and that of a
/// message in it when the person clicks on the notification of that message.
#[hook]
pub fn use_news(news: News, on_show: &Callback<(u64, Seq)>) {
    let attentive = use_attention();
    let told = use_mut_ref(|| 0_u64);
    let shown = use_mut_ref(|| None::<Shown>);
    // A notification lives longer than a render, and must not call the callback of an early one.
    let latest = use_mut_ref(|| on_show.clone());
    latest.borrow_mut().clone_from(on_show);
    let titled = use_mut_ref(|| (0_u64, None::<Timeout>));
    use_effect_with(news.unread, move |&unread| {
        let (last, timer) = &mut *titled.borrow_mut();
        *last = unread;
        // What arrives before the person's eyes is unread for a moment only. The title is the
        // browser's, in another process: with every message it took a fiftieth of the time.
        let titled = titled.clone();
        timer.get_or_insert_with(|| {
            Timeout::new(TITLE_WAIT_MS, move || {
                let (unread, _) = std::mem::take(&mut *titled.borrow_mut());
                show_unread(unread);
            })
        });
    });
    use_effect_with((news, attentive), move |(news, attentive)| {
        let mut shown = shown.borrow_mut();
        shown.take_if(|shown| !news.is_unseen(shown.message));
        // Only a rising number notifies: it also falls, when the person reads in another tab.
        let before = std::mem::replace(&mut *told.borrow_mut(), news.meant);
        if *attentive || news.meant <= before || may_notify() != Some(true) {
            return;
        }
        if let Some(mention) = news.latest() {
            // Closed first: both have one tag, so closing it afterwards would close the new one.
            *shown = None;
            let latest = latest.clone();
            *shown = notify(mention, move |message| {
                let on_show = latest.borrow().clone();
                on_show.emit(message);
            });
        }
    });
}

/// Shows in the title how many messages are unread.
fn show_unread(unread: u64) {
    let document = web_sys::window().and_then(|window| window.document());
    if let Some(document) = document {
        document.set_title(&match unread {
            0 => TITLE.to_owned(),
            unread => format!("({unread}) {TITLE}"),
        });
    }
}

fn notify(mention: &Mention, clicked: impl Fn((u64, Seq)) + 'static) -> Option<Shown> {
    let options = NotificationOptions::new();
    // The writer and the room, but not the text: the notification may show on a locked screen.
    options.set_body(&mention.said);
    // With one tag a new notification replaces that of another tab of this page.
    options.set_tag("secure-chat");
    // A browser that does not want to show it need not.
    let notification = Notification::new_with_options(TITLE, &options).ok()?;
    let message = (mention.room, mention.seq);
    let this = notification.clone();
    let listener = EventListener::new(&notification, "click", move |_| {
        // It fails only where pages may not do that.
        let _ = web_sys::window().map(|window| window.focus());
        // Not every system closes what was clicked on.
        this.close();
        clicked(message);
    });
    Some(Shown {
        notification,
        message,
        _clicked: listener,
    })
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
