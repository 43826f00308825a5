//! The built page: read from the disk in debug builds, embedded in release builds, sent compressed
//! if the browser accepts that, and cached for as long as its name allows.

use std::borrow::Cow;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, VARY,
};
use hyper::{Method, Request, Response, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::headers::policy_for_html;
use super::reply::{Reply, text};

/// The files that `trunk build` and `cargo xtask web` left in `dist/`.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../dist"]
#[allow_missing = true]
struct Dist;

const NOT_BUILT: &str = "The page is not built into this server.\n\n\
    In the project's folder, run `cargo xtask web && cargo build --release -p server`, and start\n\
    the server that this makes; or `cargo xtask run`, to try it on this machine.\n";

/// The file that a browser loads first.
const PAGE: &str = "index.html";

/// The compressed forms that lie beside a file, best first: suffix and `Content-Encoding`.
const COMPRESSED: [(&str, &str); 2] = [("br", "br"), ("gz", "gzip")];

/// The rule for names with a content hash, which never change their content.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// The rule for all other names: the browser asks again, and gets a 304 if the file is the same.
const REVALIDATE: &str = "no-cache";

/// Returns whether the page is there: in the program, or for a debug build on the disk.
pub fn has_page() -> bool {
    Dist::get(PAGE).is_some()
}

/// Sends a file of the page. `/` is the page itself; other paths name files.
pub(super) fn respond(request: &Request<Incoming>) -> Reply {
    let path = request.uri().path().trim_start_matches('/');
    let path = if path.is_empty() { PAGE } else { path };
    // A compressed form is sent for the file that it belongs to, not under its own name.
    let is_form = COMPRESSED
        .iter()
        .any(|(suffix, _)| path.ends_with(&format!(".{suffix}")));
    let Some(file) = (!is_form && stays_inside(path))
        .then(|| Dist::get(path))
        .flatten()
    else {
        return if path == PAGE {
            text(StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT)
        } else {
            text(StatusCode::NOT_FOUND, "There is no such file.\n")
        };
    };
    send(request, path, file)
}

/// Returns whether every part of a path is a plain name. A debug build looks names up on the disk,
/// where `..` climbs, a second `/` starts at the root, and a symbolic link leads anywhere.
fn stays_inside(path: &str) -> bool {
    path.split('/')
        .all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':']))
}

fn send(request: &Request<Incoming>, path: &str, file: EmbeddedFile) -> Reply {
    let policy = content_type(path)
        .starts_with("text/html")
        .then(|| {
            std::str::from_utf8(&file.data)
                .ok()
                .and_then(policy_for_html)
        })
        .flatten();
    // The hash of the uncompressed file, so that all encodings share it; a mark for the encoding
    // tells them apart.
    let hash = file.metadata.sha256_hash();
    let (file, encoding) = compressed(path, request.headers()).unwrap_or((file, None));
    let mut etag = String::from("\"");
    // Half of the hash is enough: an ETag tells versions of one file apart and protects nothing.
    etag.extend(hash.iter().take(16).map(|byte| format!("{byte:02x}")));
    etag.push_str(encoding.unwrap_or_default());
    etag.push('"');

    let known = request
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    // A list, because a browser may name several versions that it has (RFC 9110 §13.1.2).
    let unchanged = known.is_some_and(|known| known.split(',').any(|known| known.trim() == etag));
    let body = if unchanged || request.method() == Method::HEAD {
        Bytes::new()
    } else {
        match file.data {
            // Release builds have the file inside the program, so that no request needs a copy of
            // it.
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(ref bytes) => Bytes::copy_from_slice(bytes),
        }
    };
    let mut reply = Response::new(Full::from(body));
    if unchanged {
        *reply.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = reply.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(CONTENT_TYPE, content_type(path));
    set(
        CACHE_CONTROL,
        if has_content_hash(path) {
            FOREVER
        } else {
            REVALIDATE
        },
    );
    // A cache between server and browser must not give one encoding to a browser that accepts only
    // another.
    set(VARY, "accept-encoding");
    set(ETAG, &etag);
    // Set by hand: the answer to HEAD has no body, but the length that GET would have (RFC 9110
    // §8.6).
    if !unchanged {
        set(CONTENT_LENGTH, &file.data.len().to_string());
    }
    if let Some(encoding) = encoding {
        set(CONTENT_ENCODING, encoding);
    }
    if let Some(policy) = policy {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    reply
}

/// Returns the best compressed form that the browser accepts, if there is one.
fn compressed(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepted = headers.get(ACCEPT_ENCODING)?.to_str().ok()?;
    COMPRESSED
        .iter()
        .filter(|(_, encoding)| accepts(accepted, encoding))
        .find_map(|(suffix, encoding)| {
            Dist::get(&format!("{path}.{suffix}")).map(|file| (file, Some(*encoding)))
        })
}

/// Returns whether `Accept-Encoding` names `encoding` with a weight above zero (RFC 9110 §12.5.3).
fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, "q=1"));
        let weight = weight
            .trim()
            .strip_prefix("q=")
            .and_then(|q| q.trim().parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case(encoding) && weight.is_none_or(|q| q > 0.0)
    })
}

/// Returns whether a name carries trunk's hash of its content: 16 hexadecimal digits between `-`
/// and `.` or `_`.
fn has_content_hash(path: &str) -> bool {
    path.split(['-', '.', '_'])
        .any(|part| part.len() == 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_read_with_their_weights() {
        assert!(accepts("gzip, deflate, br, zstd", "br"));
        assert!(accepts("br;q=0.5", "br"));
        assert!(!accepts("br;q=0, gzip", "br"));
        assert!(!accepts("brotli", "br"));
        assert!(!accepts("", "gzip"));
    }

    #[test]
    fn only_plain_names_are_looked_up() {
        for path in ["index.html", "a/b.js", "a..b"] {
            assert!(stays_inside(path), "{path}");
        }
        for path in [
            "..",
            "../etc/mtab",
            "a/../b",
            "a//b",
            ".stage/x",
            "..\\x",
            "C:x",
            "a/",
        ] {
            assert!(!stays_inside(path), "{path}");
        }
    }

    #[test]
    fn only_hashed_names_are_kept_forever() {
        assert!(has_content_hash("web-client-1a2b3c4d5e6f7a8b_bg.wasm"));
        assert!(has_content_hash("styles-1a2b3c4d5e6f7a8b.css"));
        assert!(!has_content_hash("vault.js"));
        assert!(!has_content_hash("index.html"));
    }
}
