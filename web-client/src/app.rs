//! The root component: the state, and the choice of the screen.

use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use crate::components::blocked::Blocked;
use crate::components::callbacks::{set, set_to};
use crate::components::chat::ChatScreen;
use crate::components::connect::Connect;
use crate::components::first_contact::FirstContact;
use crate::components::header::header;
use crate::components::identity::IdentityDialog;
use crate::components::renewal::renewal;
use crate::components::settings::{SettingsDialog, settings_dialog};
use crate::components::text;
use crate::components::verify::{Verify, View, verify_dialog};
use crate::engine::{Engine, page};
use crate::hooks::{use_opened, use_settings, use_settings_shown, use_store, use_version};
use crate::later;
use crate::state::Action;
use crate::state::connection::{Connection, Target};

/// The longest time that the page waits for the pins before it is rendered, in milliseconds. It takes
/// 10 to 20; a browser whose storage hangs must not keep people from a page.
const PINS_MS: u32 = 100;

/// Renders the page into the document.
pub fn run() {
    // After a panic nothing of the program can be trusted, least of all to render: the message for
    // the person stands in the document already, and is only made visible.
    yew::set_custom_panic_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        show_fatal("Something broke.");
    }));
    let engine = Engine::new();
    let first = Rc::new(Cell::new(Some(engine.clone())));
    let render = move || {
        if let Some(engine) = first.take() {
            render_app(engine);
        }
    };
    // Rendering takes longer than the pins and the start of the vault's thread, which both wait for
    // this one; a page that knows them connects with its first render.
    engine.start({
        let render = render.clone();
        // A task of its own, so that each keeps the page from answering for a short time only.
        move || {
            Timeout::new(0, render).forget();
        }
    });
    Timeout::new(PINS_MS, render).forget();
}

fn render_app(engine: Engine) {
    let root = web_sys::window().and_then(|window| window.document()?.get_element_by_id("app"));
    if let Some(root) = root {
        yew::Renderer::<App>::with_root_and_props(root, AppProps { engine }).render();
    }
    later::prefetch();
}

/// Shows that the program has ended and why, without the program's help.
pub(crate) fn show_fatal(why: &str) {
    let fatal = web_sys::window().and_then(|window| window.document()?.get_element_by_id("fatal"));
    if let Some(fatal) = fatal {
        if let Ok(Some(reason)) = fatal.query_selector("strong") {
            reason.set_text_content(Some(why));
        }
        let _ = fatal.remove_attribute("hidden");
    }
}

/// Shows that the page goes back to the chat that it was in.
fn coming_back(host: &str, on_cancel: &Callback<()>) -> Html {
    html! {
        <main class="connect" id="main" tabindex="-1">
            <div class="connect-card" translate="no" data-testid="coming-back">
                <p role="status">
                    { if host.is_empty() { "Connecting…".to_owned() } else { format!("Connecting to {host}…") } }
                </p>
                <div class="actions">
                    <button
                        type="button"
                        class="button"
                        data-testid="coming-back-cancel"
                        onclick={on_cancel.reform(|_: MouseEvent| ())}
                    >
                        { "Cancel" }
                    </button>
                </div>
            </div>
        </main>
    }
}

/// Props of [`App`].
#[derive(PartialEq, Properties)]
pub struct AppProps {
    /// The engine of the page. There is one: a second one would have a worker and a session of its
    /// own.
    pub engine: Engine,
}

/// The root component of the page.
#[component(App)]
pub fn app(props: &AppProps) -> Html {
    let (store, memory, on_key) = use_store(&props.engine);
    let identity_shown = use_state(|| false);
    let verify_view = use_state(|| None::<View>);
    let identity_opened = use_opened(*identity_shown);
    let verify_opened = use_opened(verify_view.is_some());
    let (settings, on_settings_change) = use_settings();
    let (settings_shown, on_settings_shown) = use_settings_shown();
    let settings_opened = use_opened(settings_shown);
    // Before anything is rendered with a time.
    text::set_clock(settings.clock);
    let (version, on_version) = use_version();
    let origin = page::origin();
    let state = &store.0;

    let act = use_callback(store.dispatcher(), |action: Action, dispatcher| {
        dispatcher.dispatch(action);
    });
    let on_identity = set_to(&identity_shown, true);
    let on_settings = on_settings_shown.reform(|()| true);
    let on_connect = {
        // The choice may come from another screen: the blocking one offers v2.
        let on_version = on_version.clone();
        let act = act.clone();
        Callback::from(move |target: Target| {
            on_version.emit(target.version);
            act.emit(Action::Connect(target));
        })
    };
    let on_view = set(&verify_view);
    let host: AttrValue = state
        .target
        .as_ref()
        .map(|target| target.server.host.clone())
        .unwrap_or_default()
        .into();
    let profile = state.identity.profile();
    let short = profile.map(|profile| AttrValue::from(profile.short.clone()));
    let on_verify = on_view.reform(|()| Some(View::Keys));
    let pin = state
        .target
        .as_ref()
        .and_then(|target| state.pins.pin(&target.server.address).copied());
    // Only an established session has facts to compare; a report of an earlier one would be taken
    // for the present.
    let session = Some(&state.handshake).filter(|_| state.connection == Connection::Ready);
    html! {
        <>
            <a class="skip" href="#main">{ "Skip to the content" }</a>
            if state.version.is_offered() && !matches!(state.connection, Connection::Blocked(_)) {
                { renewal(state.forgets) }
            }
            // The chat has a bar of its own, and the person's menu in the list of rooms.
            if !state.entered || matches!(state.connection, Connection::Blocked(_)) {
                { header(short.clone(), on_verify.clone(), on_identity.clone(), on_settings.clone()) }
            }
            if let Connection::Blocked(block) = &state.connection {
                <Blocked
                    block={block.clone()}
                    {host}
                    pin={pin}
                    target={state.target.clone()}
                    waiting={state.chat.outbox.lines().len()}
                    on_back={act.reform(|()| Action::Disconnect)}
                    on_pins={on_view.reform(|()| Some(View::Pins))}
                    on_forget_link={act.reform(|()| Action::ForgetLink)}
                    {on_connect}
                />
            } else if state.entered {
                <ChatScreen
                    connection={state.connection.clone()}
                    doubt={state.doubt()}
                    {host}
                    origin={origin.clone()}
                    report={state.handshake.clone()}
                    inspection={props.engine.inspection()}
                    attempt={state.attempt}
                    protection={state.protection()}
                    panel={state.panel}
                    {short}
                    {on_verify}
                    {on_identity}
                    {on_settings}
                    {settings}
                    chat={state.chat.clone()}
                    account={state.sender()}
                    {memory}
                    remembered={state.remembered}
                    forgets={state.forgets}
                    act={act.clone()}
                />
            } else if state.is_coming_back() {
                { coming_back(&host, &act.reform(|()| Action::Disconnect)) }
            } else {
                <Connect
                    identity={state.identity.clone()}
                    connection={state.connection.clone()}
                    {host}
                    origin={origin.clone()}
                    report={state.handshake.clone()}
                    inspection={props.engine.inspection()}
                    waiting={state.chat.outbox.lines().len()}
                    returning={state.attempt > 0}
                    {version}
                    {on_version}
                    link={state.link}
                    {on_connect}
                    on_cancel={act.reform(|()| Action::Disconnect)}
                    on_retry={act.reform(|()| Action::Retry)}
                    {on_identity}
                />
            }
            if identity_opened {
                <IdentityDialog
                    open={*identity_shown}
                    on_close={set_to(&identity_shown, false)}
                    identity={state.identity.clone()}
                    on_key={on_key.clone()}
                />
            }
            if settings_opened {
                { settings_dialog(&SettingsDialog {
                    open: settings_shown,
                    settings,
                    on_change: on_settings_change,
                    on_close: on_settings_shown.reform(|()| false),
                }) }
            }
            if verify_opened {
                { verify_dialog(&Verify {
                    view: (*verify_view).clone(),
                    on_view,
                    server: state.shown_server(&origin.server()),
                    own: profile.and_then(|profile| profile.fingerprint.parse().ok()),
                    session: session.cloned(),
                    pins: state.pins.clone(),
                    origin: origin.clone(),
                    on_key: on_key.clone(),
                }) }
            }
            // Asked over any screen: after another tab has removed the pin, a reconnect from the
            // chat is a first contact, too.
            <FirstContact
                presented={state.connection.presented()}
                target={state.target.clone()}
                {origin}
                {on_key}
                on_refuse={act.reform(|()| Action::Refuse)}
            />
        </>
    }
}
