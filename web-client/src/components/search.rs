//! The panel that searches for messages: in the loaded ones while the person types, and with Enter
//! in all that the server keeps.

use shared::chat::{ClientMessage, Query};
use yew::prelude::*;

use super::aside_head::aside_head;
use super::callbacks::set;
use super::field::{Field, field};
use super::said::key;
use super::text;
use crate::state::Action;
use client::Chat;
use client::search::{self, Hit};

/// The id of the field in which the person types what to search for.
pub const QUERY_ID: &str = "search-query";

/// Props of [`Search`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct SearchProps {
    /// The chat to search in.
    pub chat: Chat,
    /// There is a session, so the server can be asked.
    pub connected: bool,
    /// Takes the person's actions.
    pub act: Callback<Action>,
    /// Called when the person wants the panel closed.
    pub on_close: Callback<()>,
    /// Called when the person has chosen a message.
    pub on_chosen: Callback<()>,
}

/// The panel of the search.
#[component(Search)]
pub fn search_panel(props: &SearchProps) -> Html {
    let typed = use_state(String::new);
    let chat = &props.chat;
    let query = Query::parse(typed.trim());
    let wrong = query.as_ref().err().filter(|_| !typed.trim().is_empty());
    let error: Option<AttrValue> = wrong.map(|wrong| wrong.to_string().into());
    let query = query.ok();
    let hits = query.as_ref().map(|query| search::hits(chat, query));
    let ask = |before| {
        let query = query.clone()?;
        Some(Action::Ask(ClientMessage::Search {
            room: None,
            query,
            before,
            limit: None,
        }))
    };
    let onsubmit = {
        let (act, asked) = (props.act.clone(), ask(None).filter(|_| props.connected));
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(asked) = asked.clone() {
                act.emit(asked);
            }
        })
    };
    let rest = query.as_ref().and_then(|query| chat.search.rest(query));
    let none = hits.as_ref().is_none_or(Vec::is_empty);
    let further = if none {
        "Search further"
    } else {
        "Show older ones"
    };
    // A search goes on at the position at which the server stopped.
    let more = rest.and_then(|rest| ask(Some(rest))).map(|asked| {
        let onclick = props.act.reform(move |_: MouseEvent| asked.clone());
        html! {
            <button type="button" class="button" translate="no" data-testid="search-more" {onclick}>{ further }</button>
        }
    });
    let said = said(props, query.as_ref(), hits.as_deref());
    html! {
        <section class="members" data-testid="search">
            { aside_head("Search", "search-close", &props.on_close) }
            <form class="invite" translate="no" {onsubmit}>
                { field(Field {
                    id: QUERY_ID,
                    label: "Words in your rooms",
                    value: (*typed).clone().into(),
                    on_input: set(&typed),
                    error,
                    ..Field::default()
                }) }
                <button
                    type="submit"
                    class="button"
                    data-testid="search-submit"
                    disabled={query.is_none() || !props.connected}
                >
                    { "Search everything" }
                </button>
            </form>
            <p translate="no" role="status" data-testid="search-status">{ said }</p>
            <ul class="hits">
                { for hits.iter().flatten().map(|hit| row(hit, props)) }
            </ul>
            { more }
        </section>
    }
}

fn said(props: &SearchProps, query: Option<&Query>, hits: Option<&[Hit]>) -> String {
    let search = &props.chat.search;
    let (Some(query), Some(hits)) = (query, hits) else {
        return String::new();
    };
    let count = text::count(hits.len() as u64, "message");
    if search.is_asking() {
        "The server is looking…".to_owned()
    } else if search.rest(query).is_some() {
        // The server stops a long search after a moment, so that it does not keep others waiting.
        format!("{count} found so far.")
    } else if search.has_answered(query) {
        format!("{count} found.")
    } else {
        format!("{count} found in what is loaded here.")
    }
}

fn row(hit: &Hit, props: &SearchProps) -> Html {
    let (room, message) = (hit.room.clone(), &hit.message);
    let title = props.chat.rooms.get(&room).map(|room| room.title());
    let (seq, act, chosen) = (message.seq, props.act.clone(), props.on_chosen.clone());
    let text = message.text.as_deref().unwrap_or_default();
    let row_key = format!("{room} {seq}");
    let onclick = Callback::from(move |_: MouseEvent| {
        act.emit(Action::GoTo {
            room: room.clone(),
            seq,
        });
        chosen.emit(());
    });
    html! {
        <li key={row_key}>
            <button type="button" class="row-button hit" data-testid="search-hit" {onclick}>
                <span class="hit-head" translate="no">
                    <b>{ message.from.name.as_str() }</b>{ " in " }{ title.unwrap_or_default() }{ ", " }
                    <time datetime={text::iso(message.at)} title={text::moment(message.at)}>
                        { text::date_line(message.at) }
                    </time>
                </span>
                <span key={key(text, None)} class="hit-text" data-testid="quoted-text" dir="auto">
                    { text }
                </span>
            </button>
        </li>
    }
}
