//! The report of the handshake, step by step, while it happens and afterwards.

use std::rc::Rc;

use shared::connection::{Direction, FrameKind, Version};
use yew::prelude::*;

use super::copy::CopyButton;
use super::icons::{Icon, icon};
use super::text;
use crate::state::frame::Frame;
use crate::state::handshake_report::{HandshakeReport, Progress, ServerKey, Step};

/// Shows the steps, their frames, bytes and times.
pub fn handshake_panel(report: &HandshakeReport) -> Html {
    let traffic = report.traffic;
    html! {
        <section class="handshake" translate="no" data-testid="handshake-panel" aria-labelledby="handshake-title">
            <header class="handshake-head">
                <h2 id="handshake-title">{ "The handshake" }</h2>
                if let Some(total) = report.total() {
                    <span class="pill" data-testid="handshake-total">{ text::duration(total) }</span>
                }
            </header>
            <ol class="steps">
                { for report.steps().iter().map(|step| step_row(*step, report)) }
            </ol>
            if let Some(refusal) = &report.refusal {
                <div class="refusal">
                    <p><strong>
                        { match refusal.kind {
                            FrameKind::Error => "The server answered with an error frame",
                            _ => "The server ended it with an alert",
                        } }
                    </strong></p>
                    { frame_details(refusal) }
                </div>
            }
            if traffic.frames_sent + traffic.frames_received > 0 {
                <dl class="traffic">
                    <div><dt>{ "Sent" }</dt><dd>{ totals(traffic.frames_sent, traffic.bytes_sent) }</dd></div>
                    <div><dt>{ "Received" }</dt><dd>{ totals(traffic.frames_received, traffic.bytes_received) }</dd></div>
                    if report.version == Version::V2 {
                        <div>
                            <dt>{ "Keys renewed" }</dt>
                            <dd data-testid="handshake-rekeys">
                                { format!("sent {}, received {}", traffic.rekeys_sent, traffic.rekeys_received) }
                            </dd>
                        </div>
                    }
                </dl>
            }
            <p class="hint">
                { "See the same frames in your browser: open its developer tools (" }
                <kbd>{ "F12" }</kbd>
                { "), choose " }<b>{ "Network" }</b>{ ", then " }<b>{ "WS" }</b>
                { match report.version {
                    Version::V1 => ", and connect. Every frame is one readable message there.",
                    Version::V2 => ", and connect. They are binary there, and sealed from “Server proves its key” on.",
                } }
            </p>
        </section>
    }
}

fn step_row(step: Step, report: &HandshakeReport) -> Html {
    let progress = report.progress(step);
    let (state, said) = match progress {
        Progress::Ahead => ("ahead", "Not yet: "),
        Progress::Now => ("now", "Under way: "),
        Progress::Done(_) => ("done", "Done: "),
        Progress::Failed => ("failed", "Failed: "),
    };
    // No step is under way before the first attempt.
    let state = if report.started == 0 { "ahead" } else { state };
    let (shape, title) = face(step, report.version);
    let since_start = match progress {
        Progress::Done(at) => Some(text::duration(at.saturating_sub(report.started))),
        _ => None,
    };
    // Every frame of the step, so that a person finds the same ones in the developer tools.
    let frames: Vec<_> = report.frames_of(step).cloned().collect();
    let bytes: usize = frames.iter().map(|frame| frame.bytes).sum();
    html! {
        <li key={step.as_str()} class="step" data-testid="handshake-step" data-step={step.as_str()} data-progress={state}>
            <span class="step-mark">
                { icon(match progress { Progress::Failed => Icon::Cross, _ => shape }) }
            </span>
            <div class="step-words">
                <p class="step-title">
                    <span class="visually-hidden">{ said }</span>
                    { title }
                </p>
                <p class="step-detail">{ detail(step, report) }</p>
                { for frames.iter().map(frame_row) }
                if let Some(key) = shown_key(step, report) {
                    <CopyButton text={key.fingerprint.to_string()} label="Copy the server key’s fingerprint" />
                }
            </div>
            <div class="step-numbers">
                if let Some(since_start) = since_start {
                    <span title="Since the attempt began">{ since_start }</span>
                }
                if bytes > 0 {
                    <span>{ text::bytes(bytes as u64) }</span>
                }
            </div>
        </li>
    }
}

/// Returns the icon and the title of a step.
fn face(step: Step, version: Version) -> (Icon, &'static str) {
    match (step, version) {
        (Step::Tunnel, _) => (Icon::Plug, "WebSocket opened"),
        (Step::ClientHello, _) => (Icon::Up, "Fresh keys sent"),
        (Step::Announcement, _) => (Icon::Down, "Server announces its public key"),
        (Step::ServerHello, _) => (Icon::Down, "Server’s fresh keys received"),
        (Step::ServerProof, _) => (Icon::Shield, "Server proves its key"),
        (Step::Signature, Version::V1) => (Icon::Sign, "Session key made, encrypted, signed"),
        (Step::Signature, Version::V2) => (Icon::Sign, "Your key signs"),
        (Step::Handshake, Version::V1) => (Icon::Up, "Handshake sent"),
        (Step::Handshake, Version::V2) => (Icon::Up, "Your key proven"),
        (Step::Proof, _) => (Icon::Down, "First message opened"),
    }
}

/// Returns the server's key at the step that makes it known: the announcement in v1, the proof in
/// v2.
fn shown_key(step: Step, report: &HandshakeReport) -> Option<ServerKey> {
    let place = match report.version {
        Version::V1 => Step::Announcement,
        Version::V2 => Step::ServerProof,
    };
    report.server_key.filter(|_| step == place)
}

fn detail(step: Step, report: &HandshakeReport) -> Html {
    if let Some(key) = shown_key(step, report) {
        return html! {
            <>
                { format!("RSA, {} bits. ", key.bits) }
                <code class="fingerprint">{ key.fingerprint.to_string() }</code>
            </>
        };
    }
    let signed = report.signed.map(|(_, took)| text::duration(took));
    let words = match (step, report.version) {
        (Step::Tunnel, _) => "A tunnel for bytes; the gateway holds no keys.",
        (Step::ClientHello, _) => "X25519 and ML-KEM-768, made for this connection only.",
        (Step::Announcement, Version::V1) => {
            "An RSA key; v1 cannot tell whether it is the right one."
        }
        (Step::Announcement, Version::V2) => "An RSA key, which it has to prove below.",
        (Step::ServerHello, _) => {
            "Both sides now have the same secret; everything from here on is sealed with \
             ChaCha20-Poly1305."
        }
        (Step::ServerProof, _) => "It signs all that was said so far, fresh keys included.",
        (Step::Signature, Version::V1) => match signed {
            Some(took) => {
                return html! { { format!(
                    "AES-256 key and IV, RSA-OAEP to the server, RSA-PSS by your key in {took} in its worker.",
                ) } };
            }
            None => "AES-256 key and IV; your private key signs in its own worker.",
        },
        (Step::Signature, Version::V2) => match signed {
            Some(took) => {
                return html! { { format!(
                    "RSA-PSS over all that was said so far, by your key in {took} in its worker.",
                ) } };
            }
            None => "Your private key signs in its own worker.",
        },
        (Step::Handshake, Version::V1) => "enc_session, client_pub and client_sig as JSON.",
        (Step::Handshake, Version::V2) => {
            "Sealed: only the server that has proven its key learns who you are."
        }
        (Step::Proof, Version::V1) => match report.total() {
            Some(_) => "Only who holds the server’s private key could have sealed it.",
            None => "The server proves that it could open the session key.",
        },
        (Step::Proof, Version::V2) => "The server has accepted your key.",
    };
    html! { { words } }
}

fn frame_row(frame: &Rc<Frame>) -> Html {
    html! {
        <div key={frame.kind.as_str()} class="step-frame-row">
            <p class="step-frame">{ kind_of(frame) }</p>
            { frame_details(frame) }
        </div>
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
    html! {
        <details class="frame" data-testid="handshake-frame">
            <summary>
                { "Show the frame" }
                <span class="visually-hidden">{ format!(" {}", frame.kind) }</span>
            </summary>
            // Focusable, so that the keyboard can scroll it.
            <pre tabindex="0" aria-label="The frame’s content">{ &frame.text }{ if frame.cut { " …" } else { "" } }</pre>
        </details>
    }
}

fn totals(frames: u64, bytes: u64) -> String {
    format!("{}, {}", text::count(frames, "frame"), text::bytes(bytes))
}
