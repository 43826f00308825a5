//! Hands a text that the page has made to the browser's downloads.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

/// The time for which the browser may need the file's URL, in milliseconds.
const URL_MS: u32 = 60_000;

/// Saves `text` as a file of this name and media type, and returns `false` if the browser does not allow
/// it.
pub fn save(name: &str, media_type: &str, text: &str) -> bool {
    let save = || -> Result<(), JsValue> {
        let document = web_sys::window().and_then(|window| window.document());
        let document = document.ok_or(JsValue::NULL)?;
        let kind = BlobPropertyBag::new();
        kind.set_type(media_type);
        let parts = js_sys::Array::of1(&text.into());
        let url = Url::create_object_url_with_blob(&Blob::new_with_str_sequence_and_options(
            &parts, &kind,
        )?)?;
        let link: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
        link.set_href(&url);
        link.set_download(name);
        // A link with `download` is how every browser saves bytes that a page has made.
        link.click();
        gloo_timers::callback::Timeout::new(URL_MS, move || {
            let _ = Url::revoke_object_url(&url);
        })
        .forget();
        Ok(())
    };
    save().is_ok()
}
