//! One line about the person's key.

use yew::prelude::*;

use crate::hooks::use_now;
use crate::state::identity::Identity;

/// Props of [`KeyState`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct KeyStateProps {
    /// The person's key.
    pub identity: Identity,
}

/// Shows one line about the key, with the seconds while it is being made.
#[component(KeyState)]
pub fn key_state(props: &KeyStateProps) -> Html {
    let now = use_now(matches!(props.identity, Identity::Creating { .. }));
    match &props.identity {
        Identity::Loading | Identity::Remembered(_) => {
            html! { <p class="key-detail">{ "Looking for your key…" }</p> }
        }
        Identity::Creating { since } => html! {
            // The seconds are hidden from screen readers, which would read each of them.
            <div data-testid="key-progress">
                <p class="key-detail">
                    <span role="status">{ "Creating your key…" }</span>
                    <span aria-hidden="true">{ format!(" {} s", now.saturating_sub(*since) / 1000) }</span>
                </p>
                <div class="progress" role="progressbar" aria-label="Creating your key"></div>
            </div>
        },
        Identity::Ready(profile) => html! {
            <p class="key-detail">
                <code>{ &profile.short }</code>
                { format!(" · RSA, {} bits, kept in this browser", profile.bits) }
            </p>
        },
        Identity::Absent => html! {
            <p class="key-detail">{ "You deleted your key. “Your identity” in the menu makes a new one." }</p>
        },
        Identity::Failed(failure) => html! {
            <p class="key-detail error" role="alert">
                { failure.to_string() }{ " “Your identity” offers to try again." }
            </p>
        },
    }
}
