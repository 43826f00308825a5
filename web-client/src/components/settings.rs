//! The dialog of the person's settings: colours, clock, the keys that send, and notifications.

use yew::prelude::*;

use super::dialog::Dialog;
use crate::hooks::{ask_to_notify, may_notify};
use crate::state::settings::{Choice, Settings};

/// The dialog of settings, as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingsDialog {
    /// The dialog is shown.
    pub open: bool,
    /// The present settings.
    pub settings: Settings,
    /// Called with the settings as the person has changed them.
    pub on_change: Callback<Settings>,
    /// Called when the person wants the dialog closed.
    pub on_close: Callback<()>,
}

/// Shows the dialog of settings. Each takes effect at once.
// A function of its own in the program, too: it is in the later part (`later.rs`).
#[inline(never)]
pub fn settings_dialog(dialog: &SettingsDialog) -> Html {
    let now = dialog.settings;
    let on_change = &dialog.on_change;
    let on_notify = {
        let on_change = on_change.clone();
        Callback::from(move |_: MouseEvent| {
            let on_change = on_change.clone();
            // The answer is the browser's: this only has it read again.
            ask_to_notify(move || on_change.emit(now));
        })
    };
    html! {
        <Dialog open={dialog.open} on_close={dialog.on_close.clone()} title="Settings" id="settings">
            <div class="whole settings">
                { choice("theme", "Colours", now.theme, true, &on_change.reform(move |theme| Settings { theme, ..now })) }
                { choice("clock", "Times", now.clock, false, &on_change.reform(move |clock| Settings { clock, ..now })) }
                { choice("send-key", "A message is sent by", now.send_key, false, &on_change.reform(move |send_key| Settings { send_key, ..now })) }
                <section aria-labelledby="settings-notify">
                    <h3 id="settings-notify">{ "Notifications" }</h3>
                    <p class="hint" role="status" data-testid="settings-notify">
                        { match may_notify() {
                            Some(true) => "You are told of mentions while you look elsewhere. Your browser’s settings for this page end that.",
                            Some(false) => "Your browser does not let this page notify you. Its settings for this page change that.",
                            None => "You are not told of mentions while you look elsewhere.",
                        } }
                    </p>
                    if may_notify().is_none() {
                        <button type="button" class="button" data-testid="settings-notify-ask" onclick={on_notify}>
                            { "Tell me when I am mentioned" }
                        </button>
                    }
                </section>
                <p class="hint">{ "This browser keeps these settings, for all servers." }</p>
            </div>
        </Dialog>
    }
}

/// Shows a setting as radio buttons. With `first` the focus of the dialog begins there.
fn choice<T: Choice>(
    name: &'static str,
    legend: &'static str,
    chosen: T,
    first: bool,
    on_choose: &Callback<T>,
) -> Html {
    let options = T::ALL.iter().map(|value| {
        let value = *value;
        html! {
            <label key={value.label()} class="choice">
                <input
                    type="radio"
                    {name}
                    data-testid={format!("{name}-{}", if value == T::default() { "default" } else { value.as_str() })}
                    checked={value == chosen}
                    autofocus={first && value == chosen}
                    onchange={on_choose.reform(move |_: Event| value)}
                />
                <span>{ value.label() }</span>
            </label>
        }
    });
    html! {
        <fieldset class="field">
            <legend>{ legend }</legend>
            <div class="choices">{ for options }</div>
        </fieldset>
    }
}
