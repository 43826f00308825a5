//! The identity dialog: the person's key, and the actions on it.

mod delete;
mod export;
mod import;

use yew::prelude::*;

use super::copy::CopyButton;
use super::dialog::Dialog;
use super::key_state::KeyState;
use crate::hooks::KeyRequest;
use crate::state::identity::Identity;
use crate::vault::messages::Profile;
use delete::DeleteForm;
use export::ExportForm;
use import::ImportForm;

/// Props of [`IdentityDialog`].
#[derive(Clone, PartialEq, Properties)]
pub struct IdentityDialogProps {
    /// The dialog is shown.
    pub open: bool,
    /// Called when the person wants it closed.
    pub on_close: Callback<()>,
    /// The person's key.
    pub identity: Identity,
    /// Called with the person's request.
    pub on_key: Callback<KeyRequest>,
}

/// The part of the dialog that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    Overview,
    Export,
    Import,
    Delete,
}

/// The identity dialog.
#[component(IdentityDialog)]
pub fn identity_dialog(props: &IdentityDialogProps) -> Html {
    let view = use_state(|| View::Overview);
    // Every opening begins with the overview: a question that was left must not be the first thing
    // shown.
    use_effect_with(props.open, {
        let view = view.setter();
        move |_| view.set(View::Overview)
    });
    let show = {
        let view = view.setter();
        Callback::from(move |next: View| view.set(next))
    };
    let back = show.reform(|()| View::Overview);
    let on_key = &props.on_key;
    let title = match *view {
        View::Overview => "Your identity",
        View::Export => "Back up your key",
        View::Import => "Use a key from a file",
        View::Delete => "Delete your key",
    };
    html! {
        <Dialog id="identity-dialog" open={props.open} on_close={props.on_close.clone()} {title}>
            { match *view {
                View::Overview => overview(&props.identity, on_key, &show),
                View::Export => html! { <ExportForm on_key={on_key.clone()} on_back={back} /> },
                View::Import => html! {
                    <ImportForm
                        on_key={on_key.clone()}
                        on_back={back}
                        replaces={props.identity.profile().is_some()}
                    />
                },
                View::Delete => html! { <DeleteForm on_key={on_key.clone()} on_back={back} /> },
            } }
        </Dialog>
    }
}

fn overview(identity: &Identity, on_key: &Callback<KeyRequest>, show: &Callback<View>) -> Html {
    let go = |view: View| show.reform(move |_: MouseEvent| view);
    let on_create = on_key.reform(|_: MouseEvent| KeyRequest::Open);
    let on_restart = on_key.reform(|_: MouseEvent| KeyRequest::Restart);
    let import = html! {
        <button type="button" class="button" data-testid="identity-import" onclick={go(View::Import)}>
            { "Use a backup…" }
        </button>
    };
    let delete = html! {
        <button type="button" class="button button-danger" data-testid="identity-delete" onclick={go(View::Delete)}>
            { "Delete…" }
        </button>
    };
    match identity {
        Identity::Ready(profile) => html! {
            <>
                { fingerprints(profile) }
                <div class="actions actions-start">
                    <button type="button" class="button" data-testid="identity-export" onclick={go(View::Export)}>
                        { "Back up…" }
                    </button>
                    { import }
                    { delete }
                </div>
            </>
        },
        Identity::Absent => html! {
            <>
                <p>{ "There is no key in this browser. Make a new one, or use your backup." }</p>
                <div class="actions actions-start">
                    <button type="button" class="button button-primary" data-testid="identity-create" onclick={on_create}>
                        { "Make a new key" }
                    </button>
                    { import }
                </div>
            </>
        },
        Identity::Failed(failure) => html! {
            <>
                <p class="error" role="alert" data-testid="identity-problem">{ failure.to_string() }</p>
                <div class="actions actions-start">
                    <button type="button" class="button button-primary" data-testid="identity-retry" onclick={on_restart}>
                        { "Try again" }
                    </button>
                    { import }
                    { delete }
                </div>
            </>
        },
        Identity::Loading | Identity::Remembered(_) | Identity::Creating { .. } => html! {
            <KeyState identity={identity.clone()} />
        },
    }
}

fn fingerprints(profile: &Profile) -> Html {
    html! {
        <>
            <p>
                { "Your key is your identity here. Others can recognise you by its fingerprint, \
                   whatever name you use." }
            </p>
            <dl class="facts">
                <div>
                    <dt>{ "Fingerprint" }</dt>
                    <dd>
                        <code class="fingerprint" data-testid="identity-fingerprint">{ &profile.fingerprint }</code>
                    </dd>
                </div>
                <div>
                    <dt>{ "Short" }</dt>
                    <dd><code data-testid="identity-short">{ &profile.short }</code></dd>
                </div>
                <div>
                    <dt>{ "Kind" }</dt>
                    <dd>{ format!("RSA, {} bits", profile.bits) }</dd>
                </div>
                <div>
                    <dt>{ "Kept" }</dt>
                    <dd>{ "In this browser only, by a worker that never gives it to the page" }</dd>
                </div>
            </dl>
            <CopyButton text={profile.fingerprint.clone()} label="Copy the fingerprint" test_id="identity-copy" />
        </>
    }
}
