//! The account of the handshake, step by step, while it happens and afterwards.

use shared::connection::Direction;
use yew::prelude::*;

use super::copy::CopyButton;
use super::icons::{Icon, icon};
use super::text;
use crate::state::account::{Account, Frame, Progress, Step};

/// Props of [`HandshakePanel`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct HandshakePanelProps {
    /// What happened.
    pub account: Account,
    /// The person wants it closed; without it there is no close button.
    #[prop_or_default]
    pub on_close: Option<Callback<()>>,
}

/// The steps, their frames, bytes and times.
#[component(HandshakePanel)]
pub fn handshake_panel(props: &HandshakePanelProps) -> Html {
    let account = &props.account;
    let traffic = account.traffic;
    html! {
        <section class="handshake" data-testid="handshake-panel" aria-labelledby="handshake-title">
            <header class="handshake-head">
                <h2 id="handshake-title">{ "The handshake" }</h2>
                if let Some(total) = account.total() {
                    <span class="pill" data-testid="handshake-total">{ text::duration(total) }</span>
                }
                if let Some(on_close) = &props.on_close {
                    <button
                        type="button"
                        class="button button-icon"
                        data-testid="handshake-close"
                        aria-label="Close the handshake panel"
                        onclick={on_close.reform(|_: MouseEvent| ())}
                    >
                        { icon(Icon::Cross) }
                    </button>
                }
            </header>
            <ol class="steps">
                { for Step::ALL.into_iter().map(|step| html! {
                    <StepRow key={step.as_str()} {step} account={account.clone()} />
                }) }
            </ol>
            if let Some(refusal) = &account.refusal {
                <div class="refusal">
                    <p><strong>{ "The server answered with an error frame" }</strong></p>
                    { frame_details(refusal) }
                </div>
            }
            if traffic.frames_sent + traffic.frames_received > 0 {
                <dl class="traffic">
                    <div><dt>{ "Sent" }</dt><dd>{ totals(traffic.frames_sent, traffic.bytes_sent) }</dd></div>
                    <div><dt>{ "Received" }</dt><dd>{ totals(traffic.frames_received, traffic.bytes_received) }</dd></div>
                </dl>
            }
            <p class="hint">
                { "See the same frames in your browser: open its developer tools (" }
                <kbd>{ "F12" }</kbd>
                { "), choose " }<b>{ "Network" }</b>{ ", then " }<b>{ "WS" }</b>
                { ", and connect. Every frame is one readable message there." }
            </p>
        </section>
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct StepRowProps {
    step: Step,
    account: Account,
}

#[component(StepRow)]
fn step_row(props: &StepRowProps) -> Html {
    let StepRowProps { step, account } = props;
    let progress = account.progress(*step);
    let (state, said) = match progress {
        Progress::Ahead => ("ahead", "Not yet: "),
        Progress::Now => ("now", "Under way: "),
        Progress::Done(_) => ("done", "Done: "),
        Progress::Failed => ("failed", "Failed: "),
    };
    // Nothing is under way before the first attempt.
    let state = if account.started == 0 { "ahead" } else { state };
    let (shape, title) = match step {
        Step::Tunnel => (Icon::Plug, "WebSocket opened"),
        Step::Announcement => (Icon::Down, "Server announces its public key"),
        Step::Signature => (Icon::Sign, "Session key made, encrypted, signed"),
        Step::Handshake => (Icon::Up, "Handshake sent"),
        Step::Proof => (Icon::Down, "First message opened"),
    };
    let since_start = match progress {
        Progress::Done(at) => Some(text::duration(at.saturating_sub(account.started))),
        _ => None,
    };
    let frame = account.frame_of(*step);
    html! {
        <li class="step" data-testid="handshake-step" data-step={step.as_str()} data-progress={state}>
            <span class="step-mark">
                { icon(match progress { Progress::Failed => Icon::Cross, _ => shape }) }
            </span>
            <div class="step-words">
                <p class="step-title">
                    <span class="visually-hidden">{ said }</span>
                    { title }
                </p>
                <p class="step-detail">{ detail(*step, account) }</p>
                if let Some(frame) = frame {
                    <p class="step-frame">{ kind_of(frame) }</p>
                    { frame_details(frame) }
                }
                if let (Step::Announcement, Some(key)) = (step, &account.server_key) {
                    <CopyButton text={key.fingerprint.clone()} label="Copy the server key’s fingerprint" />
                }
            </div>
            <div class="step-numbers">
                if let Some(since_start) = since_start {
                    <span title="Since the attempt began">{ since_start }</span>
                }
                if let Some(frame) = frame {
                    <span>{ text::bytes(frame.bytes as u64) }</span>
                }
            </div>
        </li>
    }
}

fn detail(step: Step, account: &Account) -> Html {
    match step {
        Step::Tunnel => html! { "A tunnel for bytes; the gateway holds no keys." },
        Step::Announcement => match &account.server_key {
            Some(key) => html! {
                <>
                    { format!("RSA, {} bits. ", key.bits) }
                    <code class="fingerprint">{ &key.fingerprint }</code>
                </>
            },
            None => html! { "An RSA key; v1 cannot tell whether it is the right one." },
        },
        Step::Signature => match account.signed {
            Some((_, took)) => html! {
                { format!(
                    "AES-256 key and IV, RSA-OAEP to the server, RSA-PSS by your key in {} in its worker.",
                    text::duration(took),
                ) }
            },
            None => html! { "AES-256 key and IV; your private key signs in its own worker." },
        },
        Step::Handshake => html! { "enc_session, client_pub and client_sig as JSON." },
        Step::Proof => match account.proof {
            Some(_) => html! { "Only who holds the server’s private key could have sealed it." },
            None => html! { "The server proves that it could open the session key." },
        },
    }
}

fn kind_of(frame: &Frame) -> String {
    let direction = match frame.direction {
        Direction::Sent => "Sent",
        Direction::Received => "Received",
    };
    let kind = frame.kind;
    format!("{direction} · {kind} frame")
}

fn frame_details(frame: &Frame) -> Html {
    let cut = frame.text.len() + 2 < frame.bytes;
    html! {
        <details class="frame" data-testid="handshake-frame">
            <summary>{ "Show the frame" }</summary>
            <pre tabindex="0" aria-label="The frame’s text">{ &frame.text }{ if cut { " …" } else { "" } }</pre>
        </details>
    }
}

fn totals(frames: u64, bytes: u64) -> String {
    format!("{}, {}", text::count(frames, "frame"), text::bytes(bytes))
}
