//! The banner: states how the connection is and what comes next, and offers to go faster.

use shared::connection::Version;
use yew::prelude::*;

use super::icons::{Icon, icon};
use super::text;
use crate::hooks::use_now;
use crate::state::connection::{Connection, Doubt};
use crate::state::ending::Ending;

/// Shows the connection's state in a sentence. `doubt` is the reason to doubt it; `host` is the
/// server's, as `host[:port]`; `on_retry` makes the next attempt now.
pub fn banner(
    connection: &Connection,
    doubt: Option<Doubt>,
    host: &str,
    version: Version,
    on_retry: &Callback<()>,
) -> Html {
    // Without a network it is the same for the person whether the session has ended already.
    let shown = match doubt {
        Some(Doubt::Offline) => &Connection::Offline,
        _ => connection,
    };
    let sentence = match shown {
        Connection::Idle => "Not connected".to_owned(),
        Connection::WaitingForKey => "Waiting for your key".to_owned(),
        Connection::WaitingForPins => format!("Looking for what is known of {host}"),
        Connection::Opening => format!("Connecting to {host}"),
        Connection::Handshaking => "Shaking hands".to_owned(),
        Connection::Ready => match (doubt, version) {
            (Some(Doubt::Silent { since }), _) => {
                format!("{host} has not answered since {}.", text::time(since))
            }
            // v1 is connected, but with whom is not proven: the sentence must not say more than the
            // protocol, and stays, because it stays true.
            (_, Version::V1) => {
                "Protocol v1: not verified. Anyone in between can read and change this.".to_owned()
            }
            (_, Version::V2) => format!("Connected to {host}"),
        },
        Connection::Asking { .. } => format!("Waiting for you: is this {host}?"),
        // The blocking screen says it at length, and in the banner's place.
        Connection::Blocked(_) => format!("Not connected to {host}"),
        Connection::Waiting { ending, .. } | Connection::Stopped { ending } => ending.sentence(),
        Connection::Offline => Ending::NoNetwork.sentence(),
    };
    let advice = match shown {
        Connection::Waiting { ending, .. } | Connection::Stopped { ending } => ending.advice(),
        Connection::Offline => "It goes on as soon as there is a network.".into(),
        _ => String::new(),
    };
    let may_retry = matches!(
        connection,
        Connection::Waiting { .. } | Connection::Offline | Connection::Stopped { .. }
    );
    let state = doubt.map_or(connection.as_str(), Doubt::as_str);
    // A banner is there when something is wrong or waits. Its words are always there, because
    // screen readers announce a change only of a region that was there before.
    let quiet = doubt.is_none() && *connection == Connection::Ready && version != Version::V1;
    let onclick = on_retry.reform(|_: MouseEvent| ());
    html! {
        <section class={classes!("banner", quiet.then_some("visually-hidden"), (version == Version::V1).then_some("insecure"))} translate="no" data-testid="banner" data-state={state} aria-label="Connection">
            <span class="banner-light" aria-hidden="true"></span>
            <div class="banner-words">
                // `status` is a live region: screen readers announce each change of the sentence.
                <p class="banner-state" role="status" data-testid="banner-state">{ sentence }</p>
                if !advice.is_empty() {
                    <p class="banner-advice">{ text::sentence(&advice) }</p>
                }
            </div>
            if let Connection::Waiting { retry_at, .. } = connection {
                <Countdown until={*retry_at} />
            }
            if may_retry {
                <button type="button" class="button" data-testid="retry-now" {onclick}>
                    { icon(Icon::Plug) }
                    <span>
                        { if matches!(connection, Connection::Stopped { .. }) { "Try again" } else { "Retry now" } }
                    </span>
                </button>
            }
        </section>
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct CountdownProps {
    /// The end of the wait, in milliseconds since 1970.
    until: u64,
}

/// Shows the seconds to the next attempt; hidden from screen readers, which would read every one of
/// them.
#[component(Countdown)]
fn countdown(props: &CountdownProps) -> Html {
    let now = use_now(true);
    // Rounded up, so that the countdown does not stand at 0 while the page still waits.
    let seconds = props.until.saturating_sub(now).div_ceil(1000);
    html! {
        <span class="countdown" data-testid="countdown" aria-hidden="true">
            { format!("Next attempt in {seconds} s") }
        </span>
    }
}
