//! The form that saves the key as a file, encrypted with a passphrase.

use yew::prelude::*;

use crate::components::callbacks::set;
use crate::components::field::{Field, field};
use crate::components::save::save;
use crate::hooks::KeyRequest;
use crate::vault::messages::{Failure, PASSPHRASE_MIN_CHARS};

const FILE_NAME: &str = "secure-chat-key.pem";

/// Props of [`ExportForm`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct ExportFormProps {
    /// Called with the person's request.
    pub on_key: Callback<KeyRequest>,
    /// Called when the person is done.
    pub on_back: Callback<()>,
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Asking,
    Working,
    Saved,
    Failed(String),
}

/// Asks for a passphrase twice, and saves a file.
#[component(ExportForm)]
pub(super) fn export_form(props: &ExportFormProps) -> Html {
    let passphrase = use_state(String::new);
    let confirm = use_state(String::new);
    let stage = use_state(|| Stage::Asking);
    let tried = use_state(|| false);

    // Shown only after the first attempt: an error while somebody is still typing is noise.
    let short = passphrase.chars().count() < PASSPHRASE_MIN_CHARS;
    let differs = *confirm != *passphrase;
    let passphrase_error = (*tried && short)
        .then(|| AttrValue::from(format!("Use at least {PASSPHRASE_MIN_CHARS} characters.")));
    let confirm_error =
        (*tried && !short && differs).then_some(AttrValue::Static("The two are not the same."));

    let onsubmit = {
        let (passphrase, confirm) = (passphrase.clone(), confirm.clone());
        let (stage, tried) = (stage.setter(), tried.setter());
        let on_key = props.on_key.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            tried.set(true);
            if short || differs {
                return;
            }
            stage.set(Stage::Working);
            let (stage, passphrase_field, confirm_field) =
                (stage.clone(), passphrase.setter(), confirm.setter());
            let done = Callback::from(move |outcome: Result<String, Failure>| {
                let saved = outcome
                    .map_err(|failure| failure.to_string())
                    .and_then(|pem| {
                        // It is encrypted.
                        save(FILE_NAME, "application/x-pem-file", &pem)
                            .then_some(())
                            .ok_or_else(|| "The file could not be saved.".into())
                    });
                stage.set(match saved {
                    Ok(()) => Stage::Saved,
                    Err(reason) => Stage::Failed(reason),
                });
                // The passphrases leave the page's state as soon as the worker has answered.
                passphrase_field.set(String::new());
                confirm_field.set(String::new());
            });
            let passphrase = (*passphrase).clone();
            on_key.emit(KeyRequest::Export { passphrase, done });
        })
    };
    let on_back = props.on_back.reform(|_: MouseEvent| ());
    if *stage == Stage::Saved {
        return html! {
            <>
                <p role="status" data-testid="identity-done">
                    { format!("Saved as {FILE_NAME}. Keep the file and the passphrase, each in a safe place.") }
                </p>
                <div class="actions">
                    <button type="button" class="button button-primary" onclick={on_back}>{ "Done" }</button>
                </div>
            </>
        };
    }
    let working = *stage == Stage::Working;
    html! {
        <form {onsubmit} novalidate=true>
            <p>
                { "The file holds your private key, encrypted with a passphrase. With both, you are \
                   yourself in another browser; so is anybody else who has both." }
            </p>
            { field(Field {
                id: "export-passphrase",
                label: "Passphrase",
                kind: "password",
                autocomplete: "new-password",
                value: (*passphrase).clone().into(),
                on_input: set(&passphrase),
                hint: html! { { format!("At least {PASSPHRASE_MIN_CHARS} characters; several words are best.") } },
                error: passphrase_error,
                disabled: working,
                ..Field::default()
            }) }
            { field(Field {
                id: "export-confirm",
                label: "The same again",
                kind: "password",
                autocomplete: "new-password",
                value: (*confirm).clone().into(),
                on_input: set(&confirm),
                error: confirm_error,
                disabled: working,
                ..Field::default()
            }) }
            if let Stage::Failed(reason) = &*stage {
                <p class="error" role="alert" data-testid="identity-problem">{ reason }</p>
            }
            <div class="actions">
                <button type="button" class="button" onclick={on_back}>{ "Back" }</button>
                <button type="submit" class="button button-primary" data-testid="export-submit" disabled={working}>
                    { if working { "Encrypting…" } else { "Save the file" } }
                </button>
            </div>
        </form>
    }
}
