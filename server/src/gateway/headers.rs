//! The headers of every response: they limit what the page may load and who may embed it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use sha2::{Digest, Sha256};

/// The policy for responses without inline scripts, and for the worker.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
                      worker-src 'self'; connect-src 'self'; style-src 'self'; \
                      img-src 'self' data:; font-src 'self'; manifest-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Adds the headers of every response, unless the response has set its own.
pub(crate) fn add_security(headers: &mut HeaderMap) {
    // `wasm-unsafe-eval` compiles the page's program, and nothing that is text. `connect-src
    // 'self'` lets the page talk to this server only. `frame-ancestors 'none'` keeps other sites
    // from laying the page under theirs (clickjacking).
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ),
    ] {
        headers
            .entry(name)
            // Never over the response's own: the page's policy has the hashes of its inline
            // scripts.
            .or_insert(HeaderValue::from_static(value));
    }
}

/// Returns the policy for an HTML page: its inline scripts are allowed by their hash (CSP 3
/// §2.3.1), and nothing else inline is.
pub(super) fn policy_for_html(html: &str) -> Option<HeaderValue> {
    let mut sources = String::from("script-src 'self' 'wasm-unsafe-eval'");
    for script in inline_scripts(html) {
        let hash = STANDARD.encode(Sha256::digest(script));
        sources.extend([" 'sha256-", &hash, "'"]);
    }
    let policy = POLICY.replace("script-src 'self' 'wasm-unsafe-eval'", &sources);
    HeaderValue::from_str(&policy).ok()
}

/// Returns the text of every `<script>` without `src`. The parser is good enough for this project's
/// own page: a script that it missed would not run, never the other way round.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (script, _) = rest.split_once("</script>")?;
        (!attributes.contains(" src=")).then_some(script)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_inline_scripts_get_a_hash() {
        let html = "<script type=\"module\">alert(1)</script><script src=\"/a.js\"></script>";
        assert_eq!(inline_scripts(html).collect::<Vec<_>>(), ["alert(1)"]);
        let policy = policy_for_html(html).unwrap();
        // The hash is that of `printf 'alert(1)' | openssl dgst -sha256 -binary | base64`.
        let hash = "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='";
        assert_eq!(policy.to_str().unwrap().matches("sha256-").count(), 1);
        assert!(policy.to_str().unwrap().contains(hash), "{policy:?}");
    }
}
