//! One frame: the decision about it, its layers, their fields and bytes, and the keys.

use client::Chat;
use shared::chat::{RoomId, Seq, ServerMessage};
use shared::connection::{Direction, Field, KeyUse, Layer, LayerName, ObservedFrame, Verdict};
use yew::prelude::*;

use super::frames::Chosen;
use super::hex_view::HexView;
use crate::components::callbacks::set;
use crate::components::copy::CopyButton;
use crate::components::text;
use crate::state::inspection::bytes::{self, Form, hex};

/// The most buttons for the messages of one frame.
const MESSAGES_SHOWN: usize = 8;

/// The most bytes that are copied at once: larger texts stall a browser.
const COPIED_BYTES: usize = 1 << 20;

/// Props of [`Detail`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct DetailProps {
    pub(super) chosen: Chosen,
    /// The list has the frame no more.
    pub(super) dropped: bool,
    pub(super) chat: Option<Chat>,
    pub(super) on_show: Callback<(RoomId, Seq)>,
}

/// The chosen frame.
#[component(Detail)]
pub(super) fn detail(props: &DetailProps) -> Html {
    // `None` is the innermost layer, or that in which a check has refused the frame.
    let layer = use_state(|| None::<LayerName>);
    let field = use_state(|| None::<usize>);
    let Some(entry) = &props.chosen.0 else {
        return Html::default();
    };
    let frame = &entry.frame;
    let layers: Vec<Layer<'_>> = frame.layers().collect();
    let wanted = layer.or(match frame.verdict {
        Verdict::Refused { layer, .. } => Some(layer),
        Verdict::Accepted => None,
    });
    let here = layers.iter().find(|it| Some(it.name) == wanted);
    let Some(here) = here.or(layers.last()).copied() else {
        return Html::default();
    };
    let lit = (*field).filter(|at| *at < here.fields.len());
    let copied = match lit.and_then(|at| here.fields.get(at)) {
        Some(field) => (field.def.name, part(&here, field)),
        None => (here.name.as_str(), here.bytes),
    };
    let direction = match frame.direction {
        Direction::Sent => "sent",
        Direction::Received => "received",
    };
    html! {
        <section class="frame-detail" data-testid="inspect-detail" aria-label="The frame">
            <h3>{ format!("{}.{} {}", entry.connection.number, frame.number, frame.kind) }</h3>
            <p class="hint">
                { format!(
                    "{direction} {} after the beginning, {}, protocol {}",
                    text::duration(entry.since_beginning()),
                    text::bytes(frame.wire.len() as u64),
                    entry.connection.version,
                ) }
                if props.dropped {
                    { "; no longer in the list" }
                }
            </p>
            { verdict(frame) }
            <div class="tabs" role="group" aria-label="Layers, from the outside to the inside">
                { for layers.iter().map(|it| {
                    let (name, layer, field) = (it.name, layer.setter(), field.setter());
                    html! {
                        <button
                            key={name.as_str()}
                            type="button"
                            class="tab"
                            data-testid="inspect-layer"
                            data-layer={name.as_str()}
                            aria-pressed={(name == here.name).to_string()}
                            onclick={Callback::from(move |_: MouseEvent| {
                                layer.set(Some(name));
                                field.set(None);
                            })}
                        >
                            { name.as_str() }
                        </button>
                    }
                }) }
            </div>
            { fields(&here, lit, &field) }
            <HexView
                key={here.name.as_str()}
                chosen={props.chosen.clone()}
                layer={here.name}
                {lit}
                on_field={set(&field)}
            />
            <div class="frame-copy">
                <span class="hint">{ format!("Copy {} as", copied.0) }</span>
                { for Form::ALL.into_iter().filter(|_| copied.1.len() <= COPIED_BYTES).map(|form| html! {
                    <CopyButton
                        key={form.label()}
                        text={form.write(copied.1, copied.0)}
                        label={form.label()}
                        test_id={format!("inspect-copy-{}", form.label().replace(' ', "-"))}
                    />
                }) }
            </div>
            { messages(&layers, props) }
            { keys(&frame.keys) }
        </section>
    }
}

/// Returns the bytes of a field.
fn part<'a>(layer: &Layer<'a>, field: &Field) -> &'a [u8] {
    layer.bytes.get(field.range.clone()).unwrap_or_default()
}

fn verdict(frame: &ObservedFrame) -> Html {
    match &frame.verdict {
        Verdict::Refused {
            check,
            error,
            layer,
            offset,
        } => html! {
            <p class="frame-refused" data-testid="inspect-verdict" data-check={check.as_str()}>
                <strong>{ format!("Refused by the check {check}") }</strong>
                { format!(" (PROTOCOL.md §{}), at byte {offset} of the layer {}: {error}.", check.section(), layer.as_str()) }
            </p>
        },
        Verdict::Accepted => {
            html! { <p class="frame-accepted" data-testid="inspect-verdict">{ "Accepted" }</p> }
        }
    }
}

/// Shows the fields of a layer, each with its value and its meaning.
fn fields(layer: &Layer<'_>, lit: Option<usize>, chosen: &UseStateHandle<Option<usize>>) -> Html {
    let rows = layer.fields.iter().enumerate().map(|(at, field)| {
        let next = (lit != Some(at)).then_some(at);
        let chosen = chosen.setter();
        html! {
            <li key={at}>
                <button
                    type="button"
                    class={classes!("field-row", format!("field-{}", at % 8))}
                    data-testid="inspect-field"
                    data-name={field.def.name}
                    aria-pressed={(lit == Some(at)).to_string()}
                    onclick={Callback::from(move |_: MouseEvent| chosen.set(next))}
                >
                    <span class="field-name">{ field.def.name }</span>
                    <span class="field-range">{ format!("{}–{}", field.range.start, field.range.end) }</span>
                    <code class="field-value" dir="ltr">{ bytes::value(field.def, part(layer, field)) }</code>
                    <span class="field-meaning">{ format!("{} (§{})", field.def.meaning, field.def.section) }</span>
                </button>
            </li>
        }
    });
    html! { <ul class="field-list" aria-label="Fields">{ for rows }</ul> }
}

/// Shows the way to the messages of the chat that a frame has.
fn messages(layers: &[Layer<'_>], props: &DetailProps) -> Html {
    let Some(chat) = &props.chat else {
        return Html::default();
    };
    let message = layers.iter().find(|it| it.name == LayerName::Message);
    let Some(layer) = message else {
        return Html::default();
    };
    let named = layer.fields.iter().filter(|it| it.def.name == "message");
    let places = named.filter_map(|field| {
        let json = std::str::from_utf8(part(layer, field)).ok()?;
        let (room, seq) = match ServerMessage::read(json).ok()? {
            ServerMessage::Entry(it) => (it.room, it.entry.seq),
            ServerMessage::Ack { room, seq, .. } => (room, seq),
            _ => return None,
        };
        let known = chat.rooms.get(&room)?;
        known.log.message(seq)?;
        Some((room, seq, known.title()))
    });
    let buttons: Vec<Html> = places
        .take(MESSAGES_SHOWN)
        .map(|(room, seq, title)| {
            let onclick = props
                .on_show
                .reform(move |_: MouseEvent| (room.clone(), seq));
            html! {
                <button type="button" class="link" data-testid="inspect-show" {onclick}>
                    { format!("Show message {seq} of {title}") }
                </button>
            }
        })
        .collect();
    if buttons.is_empty() {
        return Html::default();
    }
    html! { <p class="frame-copy">{ for buttons }</p> }
}

fn keys(keys: &[KeyUse]) -> Html {
    if keys.is_empty() {
        return Html::default();
    }
    let rows = keys.iter().map(|key| {
        html! {
            <li>
                <b>{ key.name }</b>
                { format!(", from {}", key.derived_from) }
                if !key.label.is_empty() {
                    { format!(" with the label “{}”", key.label) }
                }
                if key.epoch > 0 {
                    { format!(", {} updates", key.epoch) }
                }
                if let Some(seq) = key.seq {
                    { format!(", record {seq}") }
                }
                if !key.nonce.is_empty() {
                    { ", nonce " }<code dir="ltr">{ hex::write(&key.nonce, "") }</code>
                }
                if let Some(value) = &key.value {
                    { ", value " }<code dir="ltr">{ hex::write(value, "") }</code>
                }
            </li>
        }
    });
    html! {
        <>
            <h4>{ "Keys" }</h4>
            <ul class="key-uses" data-testid="inspect-key-uses">{ for rows }</ul>
        </>
    }
}
