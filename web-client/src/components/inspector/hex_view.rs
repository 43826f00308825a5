//! The bytes of a layer, coloured by field, with the printable ASCII beside them.

use shared::connection::LayerName;
use yew::prelude::*;

use super::frames::Chosen;
use crate::components::text;
use crate::hooks::use_media;
use crate::state::inspection::bytes::{self, hex};

/// The bytes that are shown at first, and that are added by each press: few enough for the document.
const STEP_BYTES: usize = 4096;

/// The media query for windows whose panel has room for rows of 16 bytes.
const ROOMY: &str = "(min-width: 75rem)";

/// Props of [`HexView`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct HexViewProps {
    pub(super) chosen: Chosen,
    pub(super) layer: LayerName,
    /// The field that stands out.
    pub(super) lit: Option<usize>,
    /// Called with the field of the bytes that were chosen.
    pub(super) on_field: Callback<Option<usize>>,
}

/// The view of a layer's bytes.
#[component(HexView)]
pub(super) fn hex_view(props: &HexViewProps) -> Html {
    let steps = use_state(|| 1_usize);
    let width = if use_media(ROOMY) { 16 } else { 8 };
    let Some(entry) = &props.chosen.0 else {
        return Html::default();
    };
    let Some(layer) = entry.frame.layers().find(|it| it.name == props.layer) else {
        return Html::default();
    };
    let shown = layer.bytes.len().min(*steps * STEP_BYTES);
    let rows = bytes::rows(layer.fields, 0..shown, width);
    let part = |part: &bytes::Part, written: String, spoken: bool| {
        let field = part.field;
        let next = (props.lit != Some(field)).then_some(field);
        html! {
            <span
                class={classes!(format!("field-{}", field % 8), (props.lit == Some(field)).then_some("lit"))}
                aria-hidden={(!spoken).then_some("true")}
                title={layer.fields.get(field).map(|it| it.def.name)}
                onclick={props.on_field.reform(move |_: MouseEvent| next)}
            >
                { written }
            </span>
        }
    };
    let of = |range: &std::ops::Range<usize>| layer.bytes.get(range.clone()).unwrap_or_default();
    html! {
        <>
            // Focusable, so that the keyboard can scroll it.
            <div class="hex-view" dir="ltr" tabindex="0" role="group" aria-label={format!("Bytes of the layer {}", layer.name.as_str())} data-testid="inspect-bytes">
                { for rows.iter().map(|row| html! {
                    <div key={row.offset} class="hex-row">
                        <span class="hex-offset">{ format!("{:04x}", row.offset) }</span>
                        <span class={classes!("hex-bytes", (width == 8).then_some("narrow"))}>
                            { for row.parts.iter().map(|it| part(it, hex::write(of(&it.range), " ") + " ", true)) }
                        </span>
                        <span class="hex-ascii">
                            { for row.parts.iter().map(|it| part(it, bytes::ascii(of(&it.range)), false)) }
                        </span>
                    </div>
                }) }
            </div>
            if shown < layer.bytes.len() {
                <button
                    type="button"
                    class="link"
                    data-testid="inspect-more-bytes"
                    onclick={{
                        let steps = steps.clone();
                        Callback::from(move |_: MouseEvent| steps.set(*steps + 1))
                    }}
                >
                    { format!("Show more of the {}", text::bytes(layer.bytes.len() as u64)) }
                </button>
            }
        </>
    }
}
