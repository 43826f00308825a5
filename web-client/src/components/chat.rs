//! The chat screen: banner, log, composer, and the handshake beside them.

use web_sys::HtmlElement;
use yew::prelude::*;

use super::banner::banner;
use super::composer::Composer;
use super::handshake::handshake_panel;
use super::icons::{Icon, icon};
use super::log::Log;
use crate::state::account::Account;
use crate::state::chat::Chat;
use crate::state::connection::Connection;

/// From this width on, in pixels, the handshake has room beside the log.
const WIDE: f64 = 1100.0;

/// Props of [`ChatScreen`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ChatScreenProps {
    /// Where the connection is.
    pub connection: Connection,
    /// `host[:port]` of the server.
    pub host: AttrValue,
    /// The handshake.
    pub account: Account,
    /// The log and the outbox.
    pub chat: Chat,
    /// The person wants this said.
    pub on_send: Callback<String>,
    /// The person does not want a line any more.
    pub on_cancel: Callback<u32>,
    /// The person wants a line sent again.
    pub on_resend: Callback<u32>,
    /// The person wants the next attempt now.
    pub on_retry: Callback<()>,
    /// The person wants to leave.
    pub on_disconnect: Callback<()>,
}

/// The chat screen.
#[component(ChatScreen)]
pub fn chat_screen(props: &ChatScreenProps) -> Html {
    let wide = is_wide();
    let handshake_shown = use_state(is_wide);
    let toggle_node = use_node_ref();
    let aside_node = use_node_ref();
    let first = use_mut_ref(|| true);
    // Where the panel lies over the chat, it takes the focus; when it goes, the focus that may have
    // been in it goes back to what opens it.
    use_effect_with(*handshake_shown, {
        let (toggle_node, aside_node) = (toggle_node.clone(), aside_node.clone());
        let first = first.clone();
        move |&shown| {
            if std::mem::take(&mut *first.borrow_mut()) {
                return;
            }
            match shown {
                true if wide => {}
                true => focus(&aside_node),
                false => focus(&toggle_node),
            }
        }
    });
    let toggle = {
        let shown = handshake_shown.clone();
        Callback::from(move |_: MouseEvent| shown.set(!*shown))
    };
    let on_close = {
        let shown = handshake_shown.setter();
        Callback::from(move |()| shown.set(false))
    };
    let onkeydown = {
        let on_close = on_close.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                on_close.emit(());
            }
        })
    };
    let covered = *handshake_shown && !wide;
    let chat = &props.chat;
    html! {
        <main class={classes!("chat", handshake_shown.then_some("with-aside"))} id="main" tabindex="-1">
            <header class="room">
                <h1>{ "Lobby" }</h1>
                if let Some(name) = &chat.own_name {
                    <p class="room-name">{ "You are " }<b data-testid="own-name">{ name }</b></p>
                }
                <div class="room-tools">
                    <button
                        ref={toggle_node}
                        type="button"
                        class="button"
                        data-testid="handshake-toggle"
                        aria-expanded={handshake_shown.to_string()}
                        onclick={toggle}
                    >
                        { icon(Icon::Steps) }<span class="hidden-when-narrow">{ "Handshake" }</span>
                    </button>
                    <button
                        type="button"
                        class="button"
                        data-testid="disconnect"
                        onclick={props.on_disconnect.reform(|_: MouseEvent| ())}
                    >
                        { icon(Icon::Leave) }<span class="hidden-when-narrow">{ "Disconnect" }</span>
                    </button>
                </div>
            </header>
            <div class="chat-column" inert={covered}>
                { banner(&props.connection, &props.host, props.account.version, &props.on_retry) }
                <Log
                    entries={chat.entries.clone()}
                    outgoing={chat.outbox.lines().to_vec()}
                    on_cancel={props.on_cancel.clone()}
                    on_resend={props.on_resend.clone()}
                />
                <Composer
                    connected={props.connection == Connection::Ready}
                    on_send={props.on_send.clone()}
                />
            </div>
            if *handshake_shown {
                <aside ref={aside_node} class="chat-aside" aria-label="Handshake" tabindex="-1" {onkeydown}>
                    { handshake_panel(&props.account, Some(&on_close)) }
                </aside>
            }
        </main>
    }
}

fn focus(node: &NodeRef) {
    if let Some(element) = node.cast::<HtmlElement>() {
        let _ = element.focus();
    }
}

fn is_wide() -> bool {
    let width = web_sys::window().and_then(|window| window.inner_width().ok()?.as_f64());
    width.is_some_and(|width| width >= WIDE)
}
