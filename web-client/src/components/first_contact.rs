//! The question of the first contact: is this the server that the person means? Only the person can
//! know, so nothing here leans towards yes: yes is no default, has no focus, and every other way
//! out is no.

use shared::identity::Fingerprint;
use yew::prelude::*;

use super::dialog::Dialog;
use super::key_card::{QrText, key_card};
use crate::hooks::KeyRequest;
use crate::state::address::Origin;
use crate::state::connection::Target;
use crate::state::link;

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

/// The dialog of the first contact.
#[component(FirstContact)]
pub fn first_contact(props: &FirstContactProps) -> Html {
    let problem = use_state(|| None::<String>);
    // A problem belongs to one key: another one must not begin with the former's failure.
    use_effect_with(props.presented, {
        let problem = problem.setter();
        move |_| problem.set(None)
    });
    let asked = props.presented.zip(props.target.as_ref());
    let on_trust = {
        let (on_key, problem) = (props.on_key.clone(), problem.setter());
        let asked = asked.map(|(key, target)| (key, target.server.address.clone(), target.version));
        // The pin is stored first, and only a stored pin leads to a connection. So a person is not
        // asked again, and a browser without storage trusts nothing.
        Callback::from(move |_: MouseEvent| {
            let Some((fingerprint, address, version)) = asked.clone() else {
                return;
            };
            let problem = problem.clone();
            on_key.emit(KeyRequest::Trust {
                address,
                fingerprint,
                version,
                failed: Callback::from(move |why| problem.set(Some(why))),
            });
        })
    };
    let on_refuse = props.on_refuse.reform(|_: MouseEvent| ());
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
                <p>
                    { "This browser does not know " }
                    <b translate="no" data-testid="first-contact-address">{ &target.server.host }</b>
                    { ". It has proven that it holds this key. Whether it is the key of the server \
                       that you mean, only you can find out:" }
                </p>
                { key_card("first-contact", &fingerprint, html! {}, Some(qr_text(&props.origin, target.server.own, &fingerprint))) }
                <div class="compare">
                    <p>
                        <strong>{ "Compare the eight words" }</strong>
                        { " with those that the server prints where it was started, or ask whoever \
                           runs it, by telephone or in person. Not through this page." }
                    </p>
                    <p>
                        { "If one word differs, somebody may be between you and the server. \
                           You are asked only once: from then on this browser accepts no other key." }
                    </p>
                </div>
                if let Some(problem) = &*problem {
                    <p class="error" translate="no" role="alert" data-testid="first-contact-problem">
                        { format!("This browser could not remember it: {problem}") }
                    </p>
                }
                <div class="actions">
                    <button type="button" class="button" data-testid="first-contact-refuse" onclick={on_refuse}>
                        { "Do not connect" }
                    </button>
                    <button type="button" class="button" data-testid="first-contact-trust" onclick={on_trust}>
                        { "The words match: trust this server" }
                    </button>
                </div>
            }
        </Dialog>
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
