//! The root: the state, the engine, and which screen is shown.

use yew::prelude::*;

use crate::components::chat::ChatScreen;
use crate::components::connect::Connect;
use crate::components::header::Header;
use crate::components::identity::IdentityDialog;
use crate::engine::clock;
use crate::hooks::use_store;
use crate::state::Action;
use crate::state::connection::Target;

/// Puts the page into the document.
pub fn run() {
    yew::set_custom_panic_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        show_fatal();
    }));
    let root = web_sys::window().and_then(|window| window.document()?.get_element_by_id("app"));
    if let Some(root) = root {
        yew::Renderer::<App>::with_root(root).render();
    }
}

/// Says that the program has ended with a bug, without the program's help.
fn show_fatal() {
    let fatal = web_sys::window().and_then(|window| window.document()?.get_element_by_id("fatal"));
    if let Some(fatal) = fatal {
        let _ = fatal.remove_attribute("hidden");
    }
}

/// The page.
#[component(App)]
pub fn app() -> Html {
    let (store, engine) = use_store();
    let identity_shown = use_state(|| false);
    let state = &store.0;

    let act = {
        let dispatcher = store.dispatcher();
        Callback::from(move |action: Action| dispatcher.dispatch(action))
    };
    let on_identity = {
        let shown = identity_shown.setter();
        Callback::from(move |()| shown.set(true))
    };
    let on_identity_close = {
        let shown = identity_shown.setter();
        Callback::from(move |()| shown.set(false))
    };
    let host: AttrValue = state
        .target
        .as_ref()
        .map(|target| target.server.host.clone())
        .unwrap_or_default()
        .into();
    let profile = state.identity.profile();
    html! {
        <>
            <a class="skip" href="#main">{ "Skip to the content" }</a>
            <Header
                short={profile.map(|profile| AttrValue::from(profile.short.clone()))}
                on_identity={on_identity.clone()}
            />
            if state.entered {
                <ChatScreen
                    connection={state.connection.clone()}
                    {host}
                    account={state.account.clone()}
                    chat={state.chat.clone()}
                    on_send={act.reform(|text| Action::Compose { text, at: clock::epoch_ms() })}
                    on_cancel={act.reform(Action::Cancel)}
                    on_resend={act.reform(|id| Action::Resend { id, at: clock::epoch_ms() })}
                    on_retry={act.reform(|()| Action::Retry)}
                    on_disconnect={act.reform(|()| Action::Disconnect)}
                />
            } else {
                <Connect
                    identity={state.identity.clone()}
                    connection={state.connection.clone()}
                    {host}
                    account={state.account.clone()}
                    waiting={state.chat.outbox.lines().len()}
                    on_connect={act.reform(|target: Target| Action::Connect(target))}
                    on_cancel={act.reform(|()| Action::Disconnect)}
                    on_retry={act.reform(|()| Action::Retry)}
                    {on_identity}
                />
            }
            <IdentityDialog
                open={*identity_shown}
                on_close={on_identity_close}
                identity={state.identity.clone()}
                {engine}
            />
        </>
    }
}
