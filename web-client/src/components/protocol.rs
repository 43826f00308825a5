//! Chooses the protocol, and says before a connection what v1 does not protect from.

use shared::connection::Version;
use yew::prelude::*;

/// Props of [`ProtocolChoice`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct ProtocolChoiceProps {
    /// What is chosen.
    pub chosen: Version,
    /// The person chooses another.
    pub on_choose: Callback<Version>,
    /// It cannot be changed now.
    pub disabled: bool,
}

/// Two radio buttons, and a warning beside the insecure one.
#[component(ProtocolChoice)]
pub fn protocol_choice(props: &ProtocolChoiceProps) -> Html {
    let option = |version: Version, what: &'static str| {
        html! {
            <label key={version.as_str()} class="choice">
                <input
                    type="radio"
                    name="protocol"
                    data-testid={format!("protocol-{version}")}
                    checked={version == props.chosen}
                    disabled={props.disabled}
                    aria-describedby="protocol-warning"
                    onchange={props.on_choose.reform(move |_: Event| version)}
                />
                <span><b>{ version.as_str() }</b>{ what }</span>
            </label>
        }
    };
    html! {
        <fieldset class="field" data-testid="protocol-choice">
            <legend>{ "Protocol" }</legend>
            <div class="choices">
                { option(Version::V2, ", recommended") }
                { option(Version::V1, ", the demo’s, insecure") }
            </div>
            <div id="protocol-warning" aria-live="polite">
                if props.chosen == Version::V1 {
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
