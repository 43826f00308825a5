//! The form that replaces the key with the one in a file. The page hands the file to the worker
//! unread, so that the private key never gets into the page's memory.

use web_sys::{File, HtmlInputElement};
use yew::prelude::*;

use crate::components::field::{Field, field};
use crate::hooks::KeyRequest;
use crate::vault::messages::Failure;

/// Props of [`ImportForm`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct ImportFormProps {
    /// Called with the person's request.
    pub on_key: Callback<KeyRequest>,
    /// Called when the person is done.
    pub on_back: Callback<()>,
    /// There is a key that would be replaced.
    pub replaces: bool,
}

/// Asks for a file and its passphrase.
#[component(ImportForm)]
pub(super) fn import_form(props: &ImportFormProps) -> Html {
    let file = use_state(|| None::<File>);
    let passphrase = use_state(String::new);
    let working = use_state(|| false);
    let done = use_state(|| false);
    let problem = use_state(|| None::<String>);

    let on_file = {
        let (file, problem) = (file.setter(), problem.setter());
        Callback::from(move |event: Event| {
            let input = event.target_dyn_into::<HtmlInputElement>();
            file.set(input.and_then(|input| input.files()?.get(0)));
            problem.set(None);
        })
    };
    let on_passphrase = {
        let (passphrase, problem) = (passphrase.setter(), problem.setter());
        Callback::from(move |value| {
            // A new text may solve the problem, so the former one is not shown beside it.
            passphrase.set(value);
            problem.set(None);
        })
    };
    let onsubmit = {
        let (file, passphrase) = (file.clone(), passphrase.clone());
        let (working, done, problem) = (working.setter(), done.setter(), problem.setter());
        let on_key = props.on_key.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(file) = (*file).clone() else {
                problem.set(Some("Choose a file first.".into()));
                return;
            };
            working.set(true);
            let (working, done, problem) = (working.clone(), done.clone(), problem.clone());
            let done = Callback::from(move |outcome: Result<(), Failure>| {
                working.set(false);
                match outcome {
                    Ok(()) => done.set(true),
                    Err(failure) => problem.set(Some(failure.to_string())),
                }
            });
            on_key.emit(KeyRequest::Import {
                file,
                passphrase: (*passphrase).clone(),
                done,
            });
        })
    };
    let on_back = props.on_back.reform(|_: MouseEvent| ());
    if *done {
        return html! {
            <>
                <p role="status" data-testid="identity-done">{ "This is your key now." }</p>
                <div class="actions">
                    <button type="button" class="button button-primary" onclick={on_back}>{ "Done" }</button>
                </div>
            </>
        };
    }
    html! {
        <form {onsubmit} novalidate=true>
            if props.replaces {
                <p class="note">
                    { "The key in this browser will be replaced. If you may want it back, back it \
                       up first." }
                </p>
            }
            <div class="field">
                <label for="import-file">{ "File" }</label>
                <input
                    id="import-file"
                    data-testid="import-file"
                    type="file"
                    accept=".pem,.key,application/x-pem-file"
                    aria-describedby="import-file-hint"
                    onchange={on_file}
                />
                <p class="hint" id="import-file-hint">
                    { "A backup from this page, or another private key as PEM. It is opened in the worker only." }
                </p>
            </div>
            { field(Field {
                id: "import-passphrase",
                label: "Passphrase",
                kind: "password",
                autocomplete: "current-password",
                value: (*passphrase).clone().into(),
                on_input: on_passphrase,
                hint: html! { "Empty if the file is not encrypted." },
                disabled: *working,
                ..Field::default()
            }) }
            if let Some(problem) = &*problem {
                <p class="error" role="alert" data-testid="identity-problem">{ problem }</p>
            }
            <div class="actions">
                <button type="button" class="button" onclick={on_back}>{ "Back" }</button>
                <button type="submit" class="button button-primary" data-testid="import-submit" disabled={*working}>
                    { if *working { "Opening…" } else { "Use this key" } }
                </button>
            </div>
        </form>
    }
}
