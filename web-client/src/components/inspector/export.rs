//! The button that saves the frames of the latest connection as a file for other programs.

use shared::observe::{Document, FieldRecord, FrameRecord};
use yew::prelude::*;

use crate::components::save::save;
use crate::state::inspection::Inspection;
use crate::state::inspection::ring::Ring;

/// The name of the file.
const FILE_NAME: &str = "secure-chat-frames.json";

/// Props of [`Export`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct ExportProps {
    pub(super) inspection: Inspection,
}

/// The button, and a sentence if the file could not be saved.
#[component(Export)]
pub(super) fn export(props: &ExportProps) -> Html {
    let failed = use_state(|| false);
    let onclick = {
        let (inspection, failed) = (props.inspection.clone(), failed.setter());
        Callback::from(move |_: MouseEvent| {
            let document = document(&inspection.0.borrow());
            let saved = serde_json::to_string(&document)
                .is_ok_and(|json| save(FILE_NAME, "application/json", &json));
            failed.set(!saved);
        })
    };
    html! {
        <>
            <button
                type="button"
                class="link"
                data-testid="inspect-export"
                title="Save the frames of the latest connection as JSON (docs/INSPECTOR.md), with the texts of messages"
                {onclick}
            >
                { "Export" }
            </button>
            if *failed {
                <span class="error" role="alert" data-testid="inspect-export-failed">{ "The file could not be saved." }</span>
            }
        </>
    }
}

/// Returns the kept frames of the latest connection. Their times count from its beginning, and values
/// of keys are left out: whoever gets the file must not be able to open more than it shows.
fn document(ring: &Ring) -> Document {
    let connection = ring.connection();
    let entries = ring.from(0);
    let here = entries.filter(|entry| entry.connection.number == connection.number);
    let frames = here.map(|entry| {
        let mut record = FrameRecord::from(&*entry.frame);
        record.at = entry.since_beginning();
        for key in &mut record.keys {
            key.value = None;
        }
        // In v1 the keys are a layer of the handshake.
        let is_key = |field: &FieldRecord| field.name == "aes_key";
        record
            .layers
            .retain(|layer| !layer.fields.iter().any(is_key));
        record
    });
    Document::new(Some(connection.version), frames.collect())
}
