//! The person's own menu: name, keys, settings, and the way out.

use client::lines;
use yew::prelude::*;

use super::callbacks::{hide_popover, set};
use super::field::{Field, field};
use super::icons::{Icon, icon};
use super::person::avatar;

/// The id of the menu.
const MENU_ID: &str = "own-menu";

/// Props of [`OwnMenu`].
#[derive(Clone, PartialEq, Properties)]
pub struct OwnMenuProps {
    /// The person's name in the chat; `None` outside of it.
    #[prop_or_default]
    pub name: Option<AttrValue>,
    /// The short fingerprint of the person's key, if there is one.
    pub short: Option<AttrValue>,
    /// Called when the person wants to compare keys.
    pub on_verify: Callback<()>,
    /// Called when the person wants to see the identity.
    pub on_identity: Callback<()>,
    /// Called when the person wants to see the settings.
    pub on_settings: Callback<()>,
    /// Called with the name that the person wants to have.
    #[prop_or_default]
    pub on_rename: Callback<String>,
    /// Called when the person wants to leave the chat.
    #[prop_or_default]
    pub on_disconnect: Callback<()>,
}

/// A button with the person's name, and the menu that it opens. The menu is a popover, so that the
/// browser closes it on Esc or a click elsewhere and returns the focus.
#[component(OwnMenu)]
pub fn own_menu(props: &OwnMenuProps) -> Html {
    // Hidden first: what opens then returns the focus to the menu's button.
    let item = |id: &'static str, shape: Icon, label: Html, then: &Callback<()>| {
        let onclick = then.reform(move |_: MouseEvent| hide_popover(MENU_ID));
        html! {
            <button type="button" class="row-button menu-item" data-testid={id} {onclick}>
                { icon(shape) }{ label }
            </button>
        }
    };
    let identity = html! {
        <>
            <span>{ "Your identity…" }</span>
            if let Some(short) = &props.short {
                <code>{ short }</code>
            }
        </>
    };
    html! {
        <div class="own" translate="no">
            <button
                type="button"
                class="row-button own-open"
                data-testid="own-menu-open"
                aria-haspopup="dialog"
                popovertarget={MENU_ID}
            >
                if let Some(name) = &props.name {
                    { avatar(name) }
                    <b class="own-name" data-testid="own-name">{ name }</b>
                    <span class="visually-hidden">{ ", your menu" }</span>
                } else {
                    <span class="visually-hidden">{ "Your menu" }</span>
                }
                { icon(Icon::More) }
            </button>
            <div
                id={MENU_ID}
                class="menu"
                popover="auto"
                role="dialog"
                aria-label="Your menu"
                data-testid="own-menu"
            >
                if let Some(name) = &props.name {
                    <Rename
                        key={name.to_string()}
                        name={name.clone()}
                        on_rename={props.on_rename.reform(|name| {
                            hide_popover(MENU_ID);
                            name
                        })}
                    />
                }
                { item("verify-open", Icon::Shield, html! { "Verify…" }, &props.on_verify) }
                { item("identity-open", Icon::Key, identity, &props.on_identity) }
                { item("settings-open", Icon::Settings, html! { "Settings…" }, &props.on_settings) }
                if props.name.is_some() {
                    { item("disconnect", Icon::Leave, html! { "Disconnect" }, &props.on_disconnect) }
                }
            </div>
        </div>
    }
}

/// Props of [`Rename`].
#[derive(Clone, PartialEq, Properties)]
struct RenameProps {
    name: AttrValue,
    on_rename: Callback<String>,
}

/// The field in which the person changes the name.
#[component(Rename)]
fn rename(props: &RenameProps) -> Html {
    let typed = use_state(|| props.name.to_string());
    let wrong = use_state(|| None::<AttrValue>);
    let onsubmit = {
        let (typed, wrong) = (typed.clone(), wrong.setter());
        let RenameProps { name, on_rename } = props.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let new = typed.trim();
            match lines::check_name(new) {
                Err(why) => wrong.set(Some(why.into())),
                Ok(()) if new.is_empty() => wrong.set(Some("Please type a name.".into())),
                Ok(()) => {
                    wrong.set(None);
                    if new != name.as_str() {
                        on_rename.emit(new.to_owned());
                    }
                }
            }
        })
    };
    html! {
        <form class="menu-rename" {onsubmit} novalidate=true>
            { field(Field {
                id: "own-rename",
                label: "Your name",
                value: (*typed).clone().into(),
                on_input: set(&typed),
                autocomplete: "nickname",
                error: (*wrong).clone(),
                ..Field::default()
            }) }
            <button type="submit" class="button" data-testid="own-rename-submit">{ "Change" }</button>
        </form>
    }
}
