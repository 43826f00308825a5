//! The list of options over the composer: people after `@`, commands after `/`, emoji after `:`.

use std::rc::Rc;

use client::completion::{self, COMMANDS, Kind, OFFERED, Word};
use client::emoji;
use yew::prelude::*;

use super::field;

/// The id of the list, and the beginning of those of its options.
pub(super) const LIST_ID: &str = "completion";

/// An option of the list.
struct Choice {
    /// The text that takes the place of the word.
    text: String,
    /// The arguments of a command.
    arguments: &'static str,
    /// The effect of a command, or the name of an emoji.
    effect: String,
}

/// The list over the composer.
#[derive(Clone)]
pub(super) struct CompletionState {
    node: NodeRef,
    text: String,
    /// The place of the caret in the text, in bytes, while a list may be shown.
    caret: UseStateHandle<Option<usize>>,
    /// The number of the chosen option.
    chosen: UseStateHandle<usize>,
    word: Option<Word>,
    choices: Rc<Vec<Choice>>,
}

/// Returns the list for the text of the field `node`. `names` finds people by a part of their name.
#[hook]
pub(super) fn use_completion(
    node: &NodeRef,
    text: &str,
    names: &Callback<String, Vec<String>>,
) -> CompletionState {
    let caret = use_state(|| None::<usize>);
    let chosen = use_state(|| 0);
    let word = caret.and_then(|caret| completion::word_at(text, caret));
    let choices = word
        .as_ref()
        .map_or_else(Vec::new, |word| choices(word, names));
    use_effect_with(word.clone(), {
        let chosen = chosen.setter();
        move |_| chosen.set(0)
    });
    CompletionState {
        node: node.clone(),
        text: text.to_owned(),
        caret,
        chosen,
        word,
        choices: Rc::new(choices),
    }
}

/// Returns the options for a word; none if it is complete already.
fn choices(word: &Word, names: &Callback<String, Vec<String>>) -> Vec<Choice> {
    let choices: Vec<_> = match word.kind {
        Kind::Person => names
            .emit(word.typed.clone())
            .into_iter()
            .map(|text| Choice {
                text,
                arguments: "",
                effect: String::new(),
            })
            .collect(),
        Kind::Command => completion::commands(&word.typed)
            .into_iter()
            .map(|place| {
                let (name, arguments, effect) = COMMANDS[place];
                let text = name.to_owned();
                Choice {
                    text,
                    arguments,
                    effect: effect.to_owned(),
                }
            })
            .collect(),
        Kind::Emoji => emoji::search(&word.typed)
            .into_iter()
            .take(OFFERED)
            .map(|offered| Choice {
                text: offered.0.to_owned(),
                arguments: "",
                effect: emoji::name(offered),
            })
            .collect(),
    };
    let complete = |choice: &Choice| choice.text.eq_ignore_ascii_case(&word.typed);
    if choices.iter().any(complete) {
        // Enter sends what is complete.
        return Vec::new();
    }
    choices
}

impl CompletionState {
    /// Takes note of the caret after the person has changed the text.
    pub(super) fn typed(&self) {
        let selection = field::selection(&self.node);
        let caret = selection.filter(std::ops::Range::is_empty).map(|it| it.end);
        self.caret.set(caret);
    }

    /// Hides the list until the text changes.
    pub(super) fn close(&self) {
        if self.caret.is_some() {
            self.caret.set(None);
        }
    }

    /// Lets the list have a key; returns `true` if it has a meaning there.
    pub(super) fn key(&self, event: &KeyboardEvent) -> bool {
        // A list for a text that was not there any more when the key came completes nothing: keys may
        // come faster than they are rendered.
        if self.choices.is_empty() || field::text(&self.node).is_none_or(|it| it != self.text) {
            return false;
        }
        let (count, chosen) = (self.choices.len(), self.place());
        match event.key().as_str() {
            "ArrowDown" => self.chosen.set((chosen + 1) % count),
            "ArrowUp" => self.chosen.set((chosen + count - 1) % count),
            "Enter" | "Tab" if !event.shift_key() => self.take(chosen),
            "Escape" => self.close(),
            // The caret leaves the word.
            "ArrowLeft" | "ArrowRight" | "Home" | "End" => {
                self.close();
                return false;
            }
            _ => return false,
        }
        event.prevent_default();
        true
    }

    /// Puts an option into the text.
    fn take(&self, place: usize) {
        let Some((word, choice)) = self.word.as_ref().zip(self.choices.get(place)) else {
            return;
        };
        let (text, caret) = completion::complete(&self.text, word, &choice.text);
        let end = text.len() - (self.text.len() - word.range.end);
        let with = &text[word.range.start..end];
        field::replace(&self.node, &word.range, with, &(caret..caret));
        self.close();
    }

    /// Returns the place of the chosen option: the list may be shorter than before.
    fn place(&self) -> usize {
        (*self.chosen).min(self.choices.len().saturating_sub(1))
    }

    /// Returns the id of the chosen option, while the list is shown.
    pub(super) fn active(&self) -> Option<String> {
        (!self.choices.is_empty()).then(|| option_id(self.place()))
    }

    /// Shows the list.
    pub(super) fn view(&self) -> Html {
        let count = self.choices.len();
        let (sign, label) = match self.word.as_ref().map(|word| word.kind) {
            Some(Kind::Command) => ("/", "Commands"),
            Some(Kind::Emoji) => ("", "Emoji"),
            _ => ("@", "People"),
        };
        let status = match count {
            0 => String::new(),
            1 => "One match".to_owned(),
            count => format!("{count} matches"),
        };
        let rows = self.choices.iter().enumerate().map(|(place, choice)| {
            let state = self.clone();
            html! {
                <li
                    key={place}
                    id={option_id(place)}
                    class="completion-option"
                    role="option"
                    data-testid="completion-option"
                    aria-selected={(place == self.place()).to_string()}
                    // The focus stays in the field.
                    onmousedown={Callback::from(|event: MouseEvent| event.prevent_default())}
                    onclick={Callback::from(move |_: MouseEvent| state.take(place))}
                >
                    <b>{ sign }{ &choice.text }</b>
                    if !choice.arguments.is_empty() {
                        <span>{ choice.arguments }</span>
                    }
                    if !choice.effect.is_empty() {
                        <span class="completion-effect">{ &choice.effect }</span>
                    }
                </li>
            }
        });
        html! {
            <>
                <p class="visually-hidden" role="status">{ status }</p>
                if count > 0 {
                    <ul id={LIST_ID} class="completion" role="listbox" aria-label={label} data-testid="completion">
                        { for rows }
                    </ul>
                }
            </>
        }
    }
}

fn option_id(place: usize) -> String {
    format!("{LIST_ID}-{place}")
}
