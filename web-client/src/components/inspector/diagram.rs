//! The latest handshake as a sequence diagram, in which every arrow opens its frame.

use shared::connection::{Direction, FrameKind, Verdict};
use yew::prelude::*;

use crate::components::text;
use crate::state::inspection::filter::is_handshake;
use crate::state::inspection::ring::{Entry, Ring};

/// The most arrows: a handshake with its first messages and its end.
const ARROWS: usize = 24;

/// The width of the drawing and the distance of two arrows, in its own units.
const WIDTH: usize = 360;
const STEP: usize = 40;
/// The height above the first arrow.
const HEAD: usize = 34;
/// The lines of the two sides.
const LEFT: usize = 44;
const RIGHT: usize = WIDTH - LEFT;

/// Shows the handshake of the latest connection. `on_open` gets the number of the frame to show.
pub(super) fn diagram(ring: &Ring, on_open: &Callback<u64>) -> Html {
    let here = ring.connection().number;
    let mut done = false;
    let entries: Vec<&Entry> = ring
        .from(0)
        .filter(|entry| entry.connection.number == here)
        .take_while(|entry| {
            // Up to the first message that was received, which is the proof.
            let goes_on = !done;
            done |= entry.frame.kind == FrameKind::Message
                && entry.frame.direction == Direction::Received;
            goes_on
        })
        .take(ARROWS)
        .collect();
    if entries.is_empty() {
        return html! { <p class="hint">{ "No frames of a handshake are kept." }</p> };
    }
    let height = HEAD + entries.len() * STEP + 8;
    html! {
        <svg class="diagram" viewBox={format!("0 0 {WIDTH} {height}")} role="group" aria-label="The handshake as a sequence of frames" data-testid="inspect-diagram">
            <text x={LEFT.to_string()} y="16" text-anchor="middle">{ "This page" }</text>
            <text x={RIGHT.to_string()} y="16" text-anchor="middle">{ "Server" }</text>
            { for [LEFT, RIGHT].map(|x| html! {
                <line class="life" x1={x.to_string()} x2={x.to_string()} y1="24" y2={height.to_string()} />
            }) }
            { for entries.iter().enumerate().map(|(at, entry)| arrow(entry, HEAD + at * STEP + STEP / 2, on_open)) }
        </svg>
    }
}

fn arrow(entry: &Entry, y: usize, on_open: &Callback<u64>) -> Html {
    let (id, frame) = (entry.id, &entry.frame);
    let sent = frame.direction == Direction::Sent;
    let (from, to) = if sent { (LEFT, RIGHT) } else { (RIGHT, LEFT) };
    let tip = if sent { to - 7 } else { to + 7 };
    let sealed = frame.keys.iter().any(|key| key.seq.is_some());
    let refused = matches!(frame.verdict, Verdict::Refused { .. });
    let label = format!(
        "{}{}, {}",
        frame.kind,
        if sealed { ", sealed" } else { "" },
        text::bytes(frame.wire.len() as u64)
    );
    let spoken = format!("{} {label}", if sent { "Sent" } else { "Received" });
    let class = classes!(
        "arrow",
        (!is_handshake(frame.kind)).then_some("after"),
        refused.then_some("refused")
    );
    let onkeydown = {
        let on_open = on_open.clone();
        Callback::from(move |event: KeyboardEvent| {
            if matches!(event.key().as_str(), "Enter" | " ") {
                event.prevent_default();
                on_open.emit(id);
            }
        })
    };
    html! {
        <g
            key={id}
            {class}
            role="button"
            tabindex="0"
            aria-label={spoken}
            data-testid="inspect-arrow"
            onclick={on_open.reform(move |_: MouseEvent| id)}
            {onkeydown}
        >
            <rect x="0" y={(y - 24).to_string()} width={WIDTH.to_string()} height="36" />
            <text x={(WIDTH / 2).to_string()} y={(y - 6).to_string()} text-anchor="middle">{ label }</text>
            <line x1={from.to_string()} x2={to.to_string()} y1={y.to_string()} y2={y.to_string()} />
            <path d={format!("M{to} {y}L{tip} {}L{tip} {}z", y - 4, y + 4)} />
        </g>
    }
}
