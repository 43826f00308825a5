//! The field in which a person enters what they were told of a server's key, and the verdict.

use shared::identity::Fingerprint;
use shared::trust::Told;
use yew::prelude::*;

use super::field::{Field, field};
use crate::state::trust;

/// The text that the person was told, and what is wrong with it.
#[derive(Clone)]
pub struct Comparison {
    typed: UseStateHandle<String>,
    verdict: UseStateHandle<Option<AttrValue>>,
}

impl Comparison {
    /// Shows the field. `id` is its id and test id.
    pub fn field(&self, id: &'static str, label: &'static str) -> Html {
        let (typed, verdict) = (self.typed.setter(), self.verdict.setter());
        field(Field {
            id,
            label,
            value: (*self.typed).clone().into(),
            on_input: Callback::from(move |text| {
                typed.set(text);
                verdict.set(None);
            }),
            hint: html! { "The eight words, the fingerprint, or the whole link. The server prints all three when it starts." },
            error: (*self.verdict).clone(),
            ..Field::default()
        })
    }

    /// Returns `true` if the text names `key`, and shows what is wrong otherwise.
    pub fn is_same(&self, key: &Fingerprint) -> bool {
        let wrong = match trust::told(&self.typed, key) {
            Ok(Told::Same) => return true,
            Ok(Told::Another) => "This is another key than the server’s. Either it is not the \
                 server that you mean, or somebody is between you and it. Do not connect, and ask \
                 whoever told you."
                .to_owned(),
            Err(unclear) => unclear,
        };
        self.verdict.set(Some(wrong.into()));
        false
    }

    /// Returns `true` if the text, as it is now, names another key than `key`.
    pub fn contradicts(&self, key: &Fingerprint) -> bool {
        matches!(trust::told(&self.typed, key), Ok(Told::Another))
    }

    /// Empties the field.
    pub fn clear(&self) {
        self.typed.set(String::new());
        self.verdict.set(None);
    }
}

/// Returns an empty field, which begins anew for each key.
#[hook]
pub fn use_comparison(key: Option<Fingerprint>) -> Comparison {
    let typed = use_state(String::new);
    let verdict = use_state(|| None);
    use_effect_with(key, {
        let (typed, verdict) = (typed.setter(), verdict.setter());
        move |_| {
            typed.set(String::new());
            verdict.set(None);
        }
    });
    Comparison { typed, verdict }
}
