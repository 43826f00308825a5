//! The question before the key is deleted.

use yew::prelude::*;

use crate::hooks::KeyRequest;
use crate::vault::messages::Failure;

/// Props of [`DeleteForm`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct DeleteFormProps {
    /// Called with the person's request.
    pub on_key: Callback<KeyRequest>,
    /// Called when the person is done, or thought better of it.
    pub on_back: Callback<()>,
}

/// The question before the key is deleted.
#[component(DeleteForm)]
pub(super) fn delete_form(props: &DeleteFormProps) -> Html {
    let problem = use_state(|| None::<String>);
    let on_delete = {
        let problem = problem.setter();
        let on_back = props.on_back.clone();
        let on_key = props.on_key.clone();
        Callback::from(move |_: MouseEvent| {
            let (problem, on_back) = (problem.clone(), on_back.clone());
            // The dialog stays open after a failure: a person must not believe that the key is
            // gone.
            on_key.emit(KeyRequest::Delete {
                done: Callback::from(move |outcome: Result<(), Failure>| match outcome {
                    Ok(()) => on_back.emit(()),
                    Err(failure) => problem.set(Some(failure.to_string())),
                }),
            });
        })
    };
    let on_back = props.on_back.reform(|_: MouseEvent| ());
    html! {
        <>
            <p>
                { "Without a backup, nobody can bring this key back, and you are a stranger to \
                   everybody who knew its fingerprint. A session that is open now ends." }
            </p>
            if let Some(problem) = &*problem {
                <p class="error" role="alert" data-testid="identity-problem">{ problem }</p>
            }
            <div class="actions">
                <button type="button" class="button" onclick={on_back}>{ "Keep it" }</button>
                <button type="button" class="button button-danger" data-testid="delete-submit" onclick={on_delete}>
                    { "Delete for good" }
                </button>
            </div>
        </>
    }
}
