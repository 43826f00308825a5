//! The choice of the protocol, with a warning before a connection about the limits of v1.

use shared::connection::Version;
use yew::prelude::*;

/// Shows two radio buttons, and a warning beside the insecure one.
pub fn protocol_choice(chosen: Version, on_choose: &Callback<Version>, disabled: bool) -> Html {
    let option = |version: Version, what: &'static str| {
        html! {
            <label key={version.as_str()} class="choice">
                <input
                    type="radio"
                    name="protocol"
                    data-testid={format!("protocol-{version}")}
                    checked={version == chosen}
                    {disabled}
                    aria-describedby="protocol-warning"
                    onchange={on_choose.reform(move |_: Event| version)}
                />
                <span><b>{ version.as_str() }</b>{ what }</span>
            </label>
        }
    };
    html! {
        <fieldset class="field" translate="no" data-testid="protocol-choice">
            <legend>{ "Protocol" }</legend>
            <div class="choices">
                { option(Version::V2, ", recommended") }
                { option(Version::V1, ", insecure: for study") }
            </div>
            <div id="protocol-warning" aria-live="polite">
                if chosen == Version::V1 {
                    <p class="note" data-testid="v1-warning">
                        <strong>{ "Not verified. " }</strong>
                        { "v1 cannot prove who the server is: anyone between you and it can read and \
                           change everything, and you will not notice. For study and for the demo’s \
                           programs, never for secrets." }
                    </p>
                }
            </div>
        </fieldset>
    }
}
