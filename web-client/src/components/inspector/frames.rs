//! The list of frames, of which only a part is in the document, and the frame that was chosen.

use std::cell::RefCell;
use std::rc::Rc;

use client::Chat;
use shared::chat::{RoomId, Seq};
use shared::connection::{Direction, Verdict};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::detail::Detail;
use super::export::Export;
use crate::components::icons::{Icon, icon};
use crate::components::text;
use crate::state::inspection::Inspection;
use crate::state::inspection::filter::{FIND_CHARACTERS, Filter, Kinds, Matches};
use crate::state::inspection::ring::Entry;
use crate::state::inspection::summary::summary;

/// The height of a row in pixels, which the styles have too: `--frame-row`.
const ROW_PX: i32 = 28;

/// The most rows that are in the document: more than the list shows at its largest height.
const ROWS: usize = 80;

/// The rows above the first one in view that are in the document.
const ROWS_BEFORE: usize = 20;

/// The rows by which Page Up and Page Down move.
const PAGE_ROWS: usize = 10;

/// The frame that is shown; it stays when the list has dropped it.
#[derive(Debug, Clone, Default)]
pub(super) struct Chosen(pub(super) Option<Entry>);

impl Chosen {
    fn id(&self) -> Option<u64> {
        self.0.as_ref().map(|entry| entry.id)
    }
}

impl PartialEq for Chosen {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

/// Props of [`Frames`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct FramesProps {
    pub(super) inspection: Inspection,
    /// The number that the next frame will have.
    pub(super) end: u64,
    pub(super) find: Option<(AttrValue, u32)>,
    pub(super) chosen: Chosen,
    pub(super) on_choose: Callback<Chosen>,
    pub(super) chat: Option<Chat>,
    pub(super) on_show: Callback<(RoomId, Seq)>,
}

/// The list and the chosen frame.
#[component(Frames)]
pub(super) fn frames(props: &FramesProps) -> Html {
    let filter = use_state(Filter::default);
    let paused = use_state(|| None::<u64>);
    let following = use_state(|| true);
    // The first row in view.
    let top = use_state(|| 0_usize);
    let found = use_mut_ref(Matches::default);
    let node = use_node_ref();
    use_effect_with(props.find.clone(), {
        let filter = filter.clone();
        move |find| {
            if let Some((text, _)) = find {
                filter.set(Filter {
                    text: text.to_string(),
                    ..Filter::default()
                });
            }
        }
    });

    let ring = props.inspection.0.borrow();
    let mut matches = found.borrow_mut();
    matches.follow(&ring, &filter, paused.unwrap_or(props.end));
    let all = matches.ids().len();
    // Whoever follows sees the end before the list has scrolled.
    let first = if *following {
        all.saturating_sub(ROWS)
    } else {
        top.saturating_sub(ROWS_BEFORE)
    };
    let first = first.min(all);
    let shown = matches.ids().iter().skip(first).take(ROWS);
    let rows: Html = shown
        .filter_map(|id| ring.get(*id))
        .map(|entry| row(entry, props))
        .collect();

    use_effect_with((all, *following, paused.is_some()), {
        let node = node.clone();
        move |(_, following, paused)| {
            if *following
                && !paused
                && let Some(list) = node.cast::<web_sys::Element>()
            {
                list.set_scroll_top(list.scroll_height());
            }
        }
    });
    let onscroll = {
        let (node, top, following) = (node.clone(), top.clone(), following.clone());
        Callback::from(move |_: Event| {
            let Some(list) = node.cast::<web_sys::Element>() else {
                return;
            };
            let row = usize::try_from(list.scroll_top() / ROW_PX).unwrap_or(0);
            // Rendered again for steps only: each has more rows than are in view.
            if row.abs_diff(*top) > ROWS_BEFORE / 2 {
                top.set(row);
            }
            let below = list.scroll_height() - list.scroll_top() - list.client_height();
            let at_end = below < ROW_PX;
            if at_end != *following {
                following.set(at_end);
                top.set(row);
            }
        })
    };
    let onkeydown = on_key(props, &found, &node);
    let dropped = ring.first();
    html! {
        <>
            { filters(&filter) }
            <div class="frames-line">
                <span class="hint" role="status" data-testid="inspect-count">{ count(all, &filter, dropped) }</span>
                <Export inspection={props.inspection.clone()} />
                <button
                    type="button"
                    class="link"
                    data-testid="inspect-pause"
                    aria-pressed={paused.is_some().to_string()}
                    onclick={{
                        let (paused, end) = (paused.clone(), props.end);
                        Callback::from(move |_: MouseEvent| {
                            paused.set(if paused.is_some() { None } else { Some(end) });
                        })
                    }}
                >
                    { if paused.is_some() { "Go on" } else { "Pause" } }
                </button>
            </div>
            <div
                ref={node}
                class="frames"
                role="listbox"
                aria-label="Frames"
                tabindex="0"
                aria-activedescendant={props.chosen.id().map(row_id)}
                data-testid="inspect-list"
                {onscroll}
                {onkeydown}
            >
                { spacer(first) }
                { rows }
                { spacer(all.saturating_sub(first + ROWS)) }
            </div>
            if let Some(entry) = &props.chosen.0 {
                <Detail
                    key={entry.id}
                    chosen={props.chosen.clone()}
                    dropped={entry.id < dropped}
                    chat={props.chat.clone()}
                    on_show={props.on_show.clone()}
                />
            } else {
                <p class="hint">{ "Choose a frame to see its layers, fields and bytes." }</p>
            }
        </>
    }
}

/// Returns the callback for the keys that move in the list.
fn on_key(
    props: &FramesProps,
    found: &Rc<RefCell<Matches>>,
    node: &NodeRef,
) -> Callback<KeyboardEvent> {
    let (found, chosen) = (found.clone(), props.chosen.id());
    let (inspection, on_choose, node) = (
        props.inspection.clone(),
        props.on_choose.clone(),
        node.clone(),
    );
    Callback::from(move |event: KeyboardEvent| {
        let matches = found.borrow();
        let Some(last) = matches.ids().len().checked_sub(1) else {
            return;
        };
        let place = chosen.and_then(|id| matches.place(id));
        let next = match event.key().as_str() {
            "ArrowDown" => place.map_or(0, |place| place + 1),
            "ArrowUp" => place.map_or(last, |place| place.saturating_sub(1)),
            "PageDown" => place.map_or(0, |place| place + PAGE_ROWS),
            "PageUp" => place.map_or(last, |place| place.saturating_sub(PAGE_ROWS)),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        let next = next.min(last);
        let id = matches.ids().get(next).copied();
        // Released first: the choice may render at once.
        drop(matches);
        let entry = id.and_then(|id| inspection.0.borrow().get(id).cloned());
        on_choose.emit(Chosen(entry));
        if let Some(list) = node.cast::<web_sys::Element>() {
            let at = i32::try_from(next)
                .unwrap_or(i32::MAX)
                .saturating_mul(ROW_PX);
            if at < list.scroll_top() {
                list.set_scroll_top(at);
            } else if at + ROW_PX > list.scroll_top() + list.client_height() {
                list.set_scroll_top(at + ROW_PX - list.client_height());
            }
        }
    })
}

/// Takes the place of rows that are not in the document. Drawn, because the page's policy allows no
/// styles in attributes.
fn spacer(rows: usize) -> Html {
    let height = rows.saturating_mul(ROW_PX.unsigned_abs() as usize);
    html! { <svg class="frame-spacer" width="1" height={height.to_string()} aria-hidden="true" /> }
}

fn row_id(id: u64) -> String {
    format!("frame-{id}")
}

/// Shows a frame on one line.
fn row(entry: &Entry, props: &FramesProps) -> Html {
    let frame = &entry.frame;
    let (arrow, direction) = match frame.direction {
        Direction::Sent => (Icon::Up, "sent"),
        Direction::Received => (Icon::Down, "received"),
    };
    let check = match &frame.verdict {
        Verdict::Refused { check, .. } => Some(check.as_str()),
        Verdict::Accepted => None,
    };
    let chosen = props.chosen.id() == Some(entry.id);
    let onclick = {
        let (entry, on_choose) = (entry.clone(), props.on_choose.clone());
        Callback::from(move |_: MouseEvent| on_choose.emit(Chosen(Some(entry.clone()))))
    };
    html! {
        <div
            key={entry.id}
            id={row_id(entry.id)}
            class={classes!("frame-row", check.is_some().then_some("refused"))}
            role="option"
            aria-selected={chosen.to_string()}
            data-testid="inspect-frame"
            data-kind={frame.kind.as_str()}
            data-direction={direction}
            data-check={check}
            {onclick}
        >
            <span class="frame-number">{ format!("{}.{}", entry.connection.number, frame.number) }</span>
            <span class="frame-time">{ text::duration(entry.since_beginning()) }</span>
            <span class="frame-direction">{ icon(arrow) }<span class="visually-hidden">{ direction }</span></span>
            <span class="frame-kind">{ frame.kind.as_str() }</span>
            { match check {
                Some(check) => html! { <span class="frame-check">{ format!("refused: {check}") }</span> },
                None => html! { <span class="frame-summary">{ summary(frame) }</span> },
            } }
            <span class="frame-bytes">{ text::bytes(frame.wire.len() as u64) }</span>
        </div>
    }
}

fn count(all: usize, filter: &Filter, dropped: u64) -> String {
    let found = if *filter == Filter::default() {
        ""
    } else {
        " found"
    };
    let frames = text::count(all as u64, "frame");
    match dropped {
        0 => format!("{frames}{found}"),
        _ => format!(
            "{frames}{found}; {} older ones dropped",
            text::thousands(dropped)
        ),
    }
}

/// Shows the fields with which frames are chosen.
fn filters(filter: &UseStateHandle<Filter>) -> Html {
    let change = |change: fn(&mut Filter, String)| {
        let filter = filter.clone();
        move |value: String| {
            let mut next = (*filter).clone();
            change(&mut next, value);
            filter.set(next);
        }
    };
    let on_kinds = change(|filter, label| {
        let mut all = Kinds::ALL.into_iter();
        filter.kinds = all.find(|it| it.label() == label).unwrap_or_default();
    });
    let on_direction = change(|filter, value| {
        filter.direction = match value.as_str() {
            "Sent" => Some(Direction::Sent),
            "Received" => Some(Direction::Received),
            _ => None,
        };
    });
    let on_text = change(|filter, text| filter.text = text);
    let direction = match filter.direction {
        None => "Both directions",
        Some(Direction::Sent) => "Sent",
        Some(Direction::Received) => "Received",
    };
    let select = |id: &'static str,
                  label: &'static str,
                  chosen: &str,
                  options: Vec<&'static str>,
                  on: Callback<String>| {
        html! {
            <select
                data-testid={id}
                aria-label={label}
                onchange={on.reform(|event: Event| event.target_unchecked_into::<HtmlSelectElement>().value())}
            >
                { for options.into_iter().map(|it| html! { <option key={it} selected={it == chosen}>{ it }</option> }) }
            </select>
        }
    };
    html! {
        <div class="field frame-filters">
            { select("inspect-kinds", "Kinds of frames", filter.kinds.label(), Kinds::ALL.map(Kinds::label).to_vec(), on_kinds.into()) }
            { select("inspect-direction", "Direction", direction, vec!["Both directions", "Sent", "Received"], on_direction.into()) }
            <input
                type="search"
                data-testid="inspect-find"
                placeholder="Text, check or bytes"
                aria-label="Find in frames: text, a check’s name, or bytes in hexadecimal"
                maxlength={FIND_CHARACTERS.to_string()}
                value={filter.text.clone()}
                oninput={Callback::from(on_text).reform(|event: InputEvent| event.target_unchecked_into::<HtmlInputElement>().value())}
            />
        </div>
    }
}
