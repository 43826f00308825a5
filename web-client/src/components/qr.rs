//! A QR code, drawn in the page: dark on white in every theme, as cameras need it.

use yew::prelude::*;

use crate::state::qr;

/// Shows a QR code with `text`; `label` describes it to people who cannot see it. The text is also
/// in its `data-text`.
pub fn qr(text: &str, label: &'static str, test_id: String) -> Html {
    let Some(drawing) = qr::draw(text) else {
        return html! {};
    };
    html! {
        <svg
            class="qr"
            viewBox={format!("0 0 {0} {0}", drawing.size)}
            role="img"
            aria-label={label}
            // Without it browsers blur the edges of the modules, and cameras need them.
            shape-rendering="crispEdges"
            data-testid={test_id}
            data-text={text.to_owned()}
        >
            <path class="qr-ground" d={format!("M0 0h{0}v{0}h-{0}z", drawing.size)} />
            <path class="qr-modules" d={drawing.path} />
        </svg>
    }
}
