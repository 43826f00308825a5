//! The line with the people who are writing.

use client::room::TYPING_MS;
use shared::chat::Author;
use yew::prelude::*;

use crate::hooks::use_now;

/// Props of [`Typing`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub(super) struct TypingProps {
    /// The people who are writing, and the time since when.
    pub typing: Vec<(Author, u64)>,
}

/// Shows the people who are writing at present.
#[component(Typing)]
pub(super) fn typing(props: &TypingProps) -> Html {
    let now = use_now(!props.typing.is_empty());
    let typing = props.typing.iter();
    let names: Vec<_> = typing
        .filter(|(_, since)| now.saturating_sub(*since) < TYPING_MS)
        .map(|(who, _)| who.name.as_str())
        .collect();
    let said = match names.as_slice() {
        [] => String::new(),
        [one] => format!("{one} is writing…"),
        [one, other] => format!("{one} and {other} are writing…"),
        [one, rest @ ..] => format!("{one} and {} others are writing…", rest.len()),
    };
    html! {
        <p class="typing" translate="no" data-testid="typing" aria-live="polite"><span>{ said }</span></p>
    }
}
