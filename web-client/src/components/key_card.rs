//! A key in the forms that people compare: eight words, the fingerprint, and a QR code.

use shared::identity::Fingerprint;
use shared::trust;
use yew::prelude::*;

use super::copy::CopyButton;
use super::qr::qr;

/// The text of a QR code, and its description for people who cannot see it.
pub type QrText = (String, &'static str);

/// Shows a key in the forms that people compare. `id` begins the test ids: `…-words`,
/// `…-fingerprint`, `…-copy`, `…-qr`. Without a QR code there is no copy button either: on the
/// blocking screen a key is only to be looked at.
pub fn key_card(id: &str, fingerprint: &Fingerprint, title: Html, code: Option<QrText>) -> Html {
    let text = fingerprint.to_string();
    let copy = code.is_some();
    html! {
        <div class="key-card" translate="no">
            { title }
            { words(id, fingerprint) }
            <div class="key-card-exact">
                if let Some((text, label)) = code {
                    { qr(&text, label, format!("{id}-qr")) }
                }
                <div class="key-card-text">
                    <p class="key-card-label">{ "Fingerprint" }</p>
                    <code class="fingerprint" data-testid={format!("{id}-fingerprint")}>{ &text }</code>
                    if copy {
                        <CopyButton text={text.clone()} label="Copy" test_id={format!("{id}-copy")} />
                    }
                </div>
            </div>
        </div>
    }
}

/// Shows the eight words, numbered, so that two people on the telephone do not lose their place.
/// The list's `data-words` has all of them with spaces between.
fn words(id: &str, fingerprint: &Fingerprint) -> Html {
    let words = trust::words(fingerprint);
    html! {
        <ol
            class="words"
            aria-label="The key in eight words"
            data-testid={format!("{id}-words")}
            data-words={words.to_string()}
        >
            { for words.as_array().iter().enumerate().map(|(place, word)| html! {
                <li key={place}>{ *word }</li>
            }) }
        </ol>
    }
}
