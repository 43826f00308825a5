//! A key as people compare it: eight words, its fingerprint, and a QR code of them.

use shared::identity::Fingerprint;
use shared::trust;
use yew::prelude::*;

use super::copy::CopyButton;
use super::qr::Qr;

/// Props of [`KeyCard`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct KeyCardProps {
    /// The key's name.
    pub fingerprint: Fingerprint,
    /// Begins the test ids: `…-words`, `…-fingerprint`, `…-copy`, `…-qr`.
    pub id: AttrValue,
    /// What stands above it.
    #[prop_or_default]
    pub title: Html,
    /// What the QR code says; none is drawn without it.
    #[prop_or_default]
    pub qr: Option<AttrValue>,
    /// What the QR code is, for those who cannot see it.
    #[prop_or(AttrValue::Static("QR code of the fingerprint"))]
    pub qr_label: AttrValue,
    /// Offers to copy the fingerprint.
    #[prop_or(true)]
    pub copy: bool,
}

/// A key as people compare it.
#[component(KeyCard)]
pub fn key_card(props: &KeyCardProps) -> Html {
    let id = &props.id;
    let fingerprint = props.fingerprint.to_string();
    html! {
        <div class="key-card">
            { props.title.clone() }
            <Words fingerprint={props.fingerprint} test_id={format!("{id}-words")} />
            <div class="key-card-exact">
                if let Some(text) = &props.qr {
                    <Qr text={text.clone()} label={props.qr_label.clone()} test_id={format!("{id}-qr")} />
                }
                <div class="key-card-text">
                    <p class="key-card-label">{ "Fingerprint" }</p>
                    <code class="fingerprint" data-testid={format!("{id}-fingerprint")}>{ &fingerprint }</code>
                    if props.copy {
                        <CopyButton text={fingerprint.clone()} label="Copy" test_id={format!("{id}-copy")} />
                    }
                </div>
            </div>
        </div>
    }
}

#[derive(Debug, Clone, PartialEq, Properties)]
struct WordsProps {
    fingerprint: Fingerprint,
    test_id: AttrValue,
}

/// The eight words, numbered, so that two people on the telephone do not lose their place. All of
/// them with spaces between are the list's `data-words`.
#[component(Words)]
fn words(props: &WordsProps) -> Html {
    let words = trust::words(&props.fingerprint);
    html! {
        <ol
            class="words"
            aria-label="The key in eight words"
            data-testid={props.test_id.clone()}
            data-words={words.to_string()}
        >
            { for words.as_array().iter().enumerate().map(|(place, word)| html! {
                <li key={place}>{ *word }</li>
            }) }
        </ol>
    }
}
