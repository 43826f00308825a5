//! The question of the first contact: is this the server that the person means? Only the person can
//! know, so nothing here leans towards yes: yes has no focus, needs what the person was told or an
//! explicit choice to go without, and every other way out is no.

use shared::identity::Fingerprint;
use yew::prelude::*;

use super::callbacks::{focus_on, set_to};
use super::comparison::{Comparison, use_comparison};
use super::copy::CopyButton;
use super::dialog::Dialog;
use super::key_card::{QrText, key_card};
use crate::hooks::KeyRequest;
use crate::state::address::Origin;
use crate::state::connection::Target;
use crate::state::link;

/// The id of the third way.
const LOOK_ID: &str = "first-contact-look";

/// Props of [`FirstContact`].
#[derive(Clone, PartialEq, Properties)]
pub struct FirstContactProps {
    /// The key that the server has proven, while a person is asked.
    pub presented: Option<Fingerprint>,
    /// The unknown server, with its address.
    pub target: Option<Target>,
    /// The origin of the page.
    pub origin: Origin,
    /// Called with the answer, if it is yes.
    pub on_key: Callback<KeyRequest>,
    /// Called when the person does not want to connect.
    pub on_refuse: Callback<()>,
}

/// A way to decide whether it is the right server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Compare with what the person has.
    Given,
    /// Ask whoever runs the server, and compare with the answer.
    Ask,
    /// Trust whatever is there.
    Look,
}

/// The dialog of the first contact.
#[component(FirstContact)]
pub fn first_contact(props: &FirstContactProps) -> Html {
    let problem = use_state(|| None::<String>);
    let way = use_state(|| Way::Given);
    let key_unfolded = use_state(|| false);
    let comparison = use_comparison(props.presented);
    // A problem and a choice belong to one key: another one must not begin with the former's.
    use_effect_with(props.presented, {
        let (problem, way) = (problem.setter(), way.setter());
        move |_| {
            problem.set(None);
            way.set(Way::Given);
        }
    });
    let asked = props.presented.zip(props.target.as_ref());
    let onsubmit = {
        let (on_key, problem) = (props.on_key.clone(), problem.setter());
        let (comparison, way) = (comparison.clone(), *way);
        let asked = asked.map(|(key, target)| (key, target.server.address.clone(), target.version));
        // The pin is stored first, and only a stored pin leads to a connection. So a person is not
        // asked again, and a browser without storage trusts nothing.
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some((fingerprint, address, version)) = asked.clone() else {
                return;
            };
            let compared = way != Way::Look;
            // Whoever was told of another key has proof against this one: looking around does not
            // lead past it.
            if !compared && comparison.contradicts(&fingerprint) {
                return;
            }
            if compared && !comparison.is_same(&fingerprint) {
                return;
            }
            let problem = problem.clone();
            on_key.emit(KeyRequest::Trust {
                address,
                fingerprint,
                version,
                compared,
                failed: Callback::from(move |why| problem.set(Some(why))),
            });
        })
    };
    let on_refuse = props.on_refuse.reform(|_: MouseEvent| ());
    let contradicted = *way == Way::Look
        && props
            .presented
            .is_some_and(|key| comparison.contradicts(&key));
    html! {
        <Dialog
            id="first-contact"
            open={asked.is_some()}
            on_close={props.on_refuse.clone()}
            title="Is this the right server?"
            // A person who decides must understand the question, which does not change while it
            // is asked; address and key stay as they are.
            translated=true
        >
            if let Some((fingerprint, target)) = asked {
                <form class="first-contact" {onsubmit} novalidate=true>
                    <p>
                        { "This browser does not know " }
                        <b translate="no" data-testid="first-contact-address">{ &target.server.host }</b>
                        { ". Whether it is the server that you mean, only you can find out. You are \
                           asked once: from then on this browser accepts no other key for this address." }
                    </p>
                    <fieldset class="ways">
                        <legend class="visually-hidden">{ "How to find out" }</legend>
                        { choice(Way::Given, "given", "I was given words or a link: compare", &way) }
                        if *way == Way::Given {
                            <div class="way">{ comparison.field("first-contact-told", "What you were given") }</div>
                        }
                        { choice(Way::Ask, "ask", "Ask the host", &way) }
                        if *way == Way::Ask {
                            <div class="way">
                                { question(&target.server.host) }
                                { comparison.field("first-contact-told", "The answer") }
                            </div>
                        }
                        { choice(Way::Look, "look", "Look around; trust this server from now on", &way) }
                        if contradicted {
                            { contradiction(&comparison) }
                        } else if *way == Way::Look {
                            <p class="way hint">
                                { "Nobody has compared anything. If somebody is between you and the \
                                   server now, they can stay there. You can compare later, by the \
                                   shield beside the room’s name." }
                            </p>
                        }
                    </fieldset>
                    <details
                        class="fold"
                        data-testid="first-contact-key"
                        // Made when it is looked at: it is large, and in the later part.
                        ontoggle={set_to(&key_unfolded, true).reform(|_: Event| ())}
                    >
                        <summary>{ "Show the key that the server has" }</summary>
                        if *key_unfolded {
                            { key_card("first-contact", &fingerprint, html! {}, Some(qr_text(&props.origin, target.server.own, &fingerprint))) }
                        }
                    </details>
                    if let Some(problem) = &*problem {
                        <p class="error" translate="no" role="alert" data-testid="first-contact-problem">
                            { format!("This browser could not remember it: {problem}") }
                        </p>
                    }
                    <div class="actions actions-stay">
                        <button type="button" class="button" data-testid="first-contact-refuse" onclick={on_refuse}>
                            { "Do not connect" }
                        </button>
                        <button type="submit" class="button" data-testid="first-contact-trust" disabled={contradicted}>
                            { if *way == Way::Look { "Trust from now on" } else { "Compare" } }
                        </button>
                    </div>
                </form>
            }
        </Dialog>
    }
}

/// Shows the radio button of a way.
fn choice(way: Way, name: &'static str, label: &'static str, chosen: &UseStateHandle<Way>) -> Html {
    let onchange = {
        let chosen = chosen.setter();
        Callback::from(move |_: Event| chosen.set(way))
    };
    html! {
        <label key={name} class="choice">
            <input
                type="radio"
                id={format!("first-contact-{name}")}
                name="first-contact-way"
                data-testid={format!("first-contact-{name}")}
                checked={way == **chosen}
                {onchange}
            />
            <span>{ label }</span>
        </label>
    }
}

/// Says that what the person was told names another key, which has to be cleared before this one can
/// be trusted without.
// A function of its own in the program, too: it is in the later part (`later.rs`).
#[inline(never)]
fn contradiction(comparison: &Comparison) -> Html {
    let onclick = {
        let comparison = comparison.clone();
        Callback::from(move |_: MouseEvent| {
            comparison.clear();
            // The button goes away, and the keyboard's focus must not go with it.
            focus_on(LOOK_ID);
        })
    };
    html! {
        <div class="way">
            <p class="error" translate="no" role="alert" data-testid="first-contact-contradiction">
                { "What you were told names another key than the server’s. Trust this one only if \
                   you know that what you were told was wrong." }
            </p>
            <button type="button" class="button" data-testid="first-contact-clear" {onclick}>
                { "Clear what you were told" }
            </button>
        </div>
    }
}

/// Shows the question for whoever runs the server.
// A function of its own in the program, too: it is in the later part (`later.rs`).
#[inline(never)]
fn question(host: &str) -> Html {
    let question =
        format!("Which eight words does the chat server at {host} print when it starts?");
    html! {
        <>
            <p>{ "By telephone, in person, or by a message that you trust; not through this page:" }</p>
            <blockquote>{ &question }</blockquote>
            <CopyButton text={question} label="Copy the question" />
        </>
    }
}

/// Returns the text of the QR code of a server's key. A link answers the question on another
/// device; there is one for the server at the page's `origin` only.
pub(super) fn qr_text(origin: &Origin, own_server: bool, fingerprint: &Fingerprint) -> QrText {
    if own_server {
        let link = link::to_page(&origin.url(), fingerprint);
        (
            link,
            "QR code of a link to this server with its fingerprint",
        )
    } else {
        (fingerprint.to_string(), "QR code of the fingerprint")
    }
}
