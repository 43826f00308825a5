//! The log: messages grouped by sender, notices, what is on its way, and the way to the latest.

use std::rc::Rc;

use web_sys::HtmlElement;
use yew::prelude::*;

use super::icons::{Icon, icon};
use super::message::MessageRow;
use super::outgoing::OutgoingRow;
use super::text;
use crate::hooks::use_resize;
use crate::state::chat::{Content, Entry};
use crate::state::outbox::Outgoing;

/// Messages of one sender within this time belong together, in milliseconds.
const GROUP_MS: u64 = 5 * 60 * 1000;

/// Nearer to the end than this counts as being there, in pixels.
const NEAR_END: i32 = 48;

/// Where the person is in the log.
#[derive(Debug, Default)]
struct End {
    /// Scrolled up, away from the end.
    away: bool,
    /// The scroll position, in pixels.
    top: i32,
}

/// Props of [`Log`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LogProps {
    /// Oldest first.
    pub entries: Vec<Rc<Entry>>,
    /// What is on its way.
    pub outgoing: Vec<Outgoing>,
    /// The person does not want a line any more.
    pub on_cancel: Callback<u32>,
    /// The person wants a line sent again.
    pub on_resend: Callback<u32>,
}

/// The log.
#[component(Log)]
pub fn log(props: &LogProps) -> Html {
    let node = use_node_ref();
    // The last entry that the person has seen at the end; nothing while they are there.
    let left_at = use_state(|| None::<u64>);
    let last = props.entries.last().map_or(0, |entry| entry.number);
    let last_outgoing = props.outgoing.iter().map(|line| line.id).max().unwrap_or(0);

    let end = use_mut_ref(End::default);
    end.borrow_mut().away = left_at.is_some();

    use_effect_with(last, {
        let (node, away) = (node.clone(), left_at.is_some());
        move |_| {
            if !away {
                scroll_to_end(&node);
            }
        }
    });
    // What the person wrote themselves is always shown.
    use_effect_with(last_outgoing, {
        let node = node.clone();
        move |_| scroll_to_end(&node)
    });
    // Whoever is at the end stays there when the log gets smaller or larger.
    use_resize(node.clone(), {
        let (node, end) = (node.clone(), end.clone());
        Callback::from(move |()| {
            if !end.borrow().away {
                scroll_to_end(&node);
            }
        })
    });
    let onscroll = {
        let (node, left_at) = (node.clone(), left_at.clone());
        Callback::from(move |_: Event| {
            let Some(log) = node.cast::<HtmlElement>() else {
                return;
            };
            let rest = log.scroll_height() - log.scroll_top() - log.client_height();
            // Only people scroll up; new entries only move the end away.
            let up = log.scroll_top() < end.borrow().top;
            end.borrow_mut().top = log.scroll_top();
            match (rest > NEAR_END, *left_at) {
                (true, None) if up => left_at.set(Some(last)),
                (false, Some(_)) => left_at.set(None),
                _ => {}
            }
        })
    };
    let on_jump = {
        let node = node.clone();
        Callback::from(move |_: MouseEvent| {
            scroll_to_end(&node);
            if let Some(log) = node.cast::<HtmlElement>() {
                let _ = log.focus();
            }
        })
    };
    let rows = props.entries.iter().enumerate().map(|(place, entry)| {
        let previous = place.checked_sub(1).and_then(|place| props.entries.get(place));
        html! {
            <MessageRow key={entry.number} entry={entry.clone()} head={!continues(previous, entry)} />
        }
    });
    let new = left_at.map(|seen| {
        props
            .entries
            .iter()
            .filter(|entry| entry.number > seen)
            .count()
    });
    html! {
        <div class="log-frame">
            <div
                ref={node}
                class="log"
                role="log"
                aria-label="Messages in the lobby"
                tabindex="0"
                data-testid="log"
                {onscroll}
            >
                { for rows }
                { for props.outgoing.iter().map(|line| html! {
                    <OutgoingRow
                        key={format!("out-{}", line.id)}
                        line={line.clone()}
                        on_cancel={props.on_cancel.clone()}
                        on_resend={props.on_resend.clone()}
                    />
                }) }
            </div>
            if let Some(new) = new {
                <button type="button" class="button jump" data-testid="jump-latest" onclick={on_jump}>
                    { icon(Icon::Down) }
                    <span>
                        { match new {
                            0 => "Jump to the latest".to_owned(),
                            new => text::count(new as u64, "new message"),
                        } }
                    </span>
                </button>
            }
        </div>
    }
}

fn scroll_to_end(node: &NodeRef) {
    if let Some(log) = node.cast::<HtmlElement>() {
        log.set_scroll_top(log.scroll_height());
    }
}

/// Does `entry` go on where `previous` stopped: the same sender, soon after?
fn continues(previous: Option<&Rc<Entry>>, entry: &Entry) -> bool {
    let Some(previous) = previous else {
        return false;
    };
    match (&previous.content, &entry.content) {
        (
            Content::Said {
                name: before,
                own: own_before,
                ..
            },
            Content::Said { name, own, .. },
        ) => before == name && own_before == own && entry.at.saturating_sub(previous.at) < GROUP_MS,
        _ => false,
    }
}
