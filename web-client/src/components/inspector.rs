//! The inspector: every frame of this page's connections, the handshake, and the keys.

mod detail;
mod diagram;
mod export;
mod frames;
mod hex_view;
mod keys;

use client::Chat;
use shared::chat::{RoomId, Seq};
use yew::prelude::*;

use self::diagram::diagram;
use self::frames::{Chosen, Frames};
use self::keys::keys;
use super::aside_head::aside_head;
use super::callbacks::set_to;
use super::handshake::handshake_panel;
use crate::state::handshake_report::HandshakeReport;
use crate::state::inspection::Inspection;

/// Props of [`Inspector`].
#[derive(Clone, PartialEq, Properties)]
pub struct InspectorProps {
    /// The frames.
    pub inspection: Inspection,
    /// The number of frames until now: the inspector is rendered again when it changes.
    pub seen: u64,
    /// The report of the handshake.
    pub report: HandshakeReport,
    /// A text to search for, and the number of times that this was asked for.
    #[prop_or_default]
    pub find: Option<(AttrValue, u32)>,
    /// The chat, for the way from frames to messages.
    #[prop_or_default]
    pub chat: Option<Chat>,
    /// Called to show a message.
    #[prop_or_default]
    pub on_show: Callback<(RoomId, Seq)>,
    /// Called when the person wants the inspector closed, where that is possible.
    #[prop_or_default]
    pub on_close: Option<Callback<()>>,
}

/// The parts of the inspector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tab {
    Frames,
    Handshake,
    Keys,
}

impl Tab {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Frames, "Frames", "inspect-frames"),
        (Self::Handshake, "Handshake", "inspect-handshake"),
        (Self::Keys, "Keys", "inspect-keys"),
    ];
}

/// The inspector.
#[component(Inspector)]
pub fn inspector(props: &InspectorProps) -> Html {
    let tab = use_state(|| Tab::Frames);
    let chosen = use_state(|| Chosen(None));
    let ring = props.inspection.0.borrow();
    let on_open = {
        let (tab, chosen, inspection) = (tab.setter(), chosen.setter(), props.inspection.clone());
        Callback::from(move |id: u64| {
            let entry = inspection.0.borrow().get(id).cloned();
            if entry.is_some() {
                chosen.set(Chosen(entry));
                tab.set(Tab::Frames);
            }
        })
    };
    html! {
        <section class="inspector" translate="no" data-testid="inspector">
            if let Some(on_close) = &props.on_close {
                { aside_head("Inspector", "inspect-close", on_close) }
            }
            <div class="tabs" role="group" aria-label="Parts of the inspector">
                { for Tab::ALL.into_iter().map(|(of, label, id)| html! {
                    <button
                        key={label}
                        type="button"
                        class="tab"
                        data-testid={id}
                        aria-pressed={(*tab == of).to_string()}
                        onclick={set_to(&tab, of).reform(|_: MouseEvent| ())}
                    >
                        { label }
                    </button>
                }) }
            </div>
            { match *tab {
                Tab::Frames => html! {
                    <Frames
                        inspection={props.inspection.clone()}
                        end={ring.next()}
                        find={props.find.clone()}
                        chosen={(*chosen).clone()}
                        on_choose={{
                            let chosen = chosen.setter();
                            Callback::from(move |entry| chosen.set(entry))
                        }}
                        chat={props.chat.clone()}
                        on_show={props.on_show.clone()}
                    />
                },
                Tab::Handshake => html! {
                    <>
                        { diagram(&ring, &on_open) }
                        { handshake_panel(&props.report) }
                    </>
                },
                Tab::Keys => keys(&ring, &props.inspection, &on_open),
            } }
        </section>
    }
}
