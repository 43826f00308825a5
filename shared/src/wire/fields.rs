//! The fields of both versions, with the names and the meanings that the protocol's document gives
//! them. `ALL`, in builds that can observe, is the schema: what an inspector or another program can
//! know of a frame's form.

use super::span::{FieldDef, ValueKind};

/// Defines the fields, and the list of all of them.
macro_rules! fields {
    ($($(#[$meta:meta])* $constant:ident = $name:literal, $section:literal, $value:ident, $meaning:literal;)*) => {
        $(
            $(#[$meta])*
            pub(crate) static $constant: FieldDef = FieldDef {
                name: $name,
                section: $section,
                meaning: $meaning,
                value: ValueKind::$value,
            };
        )*

        /// Every field that a layer can have, of both versions.
        #[cfg(any(test, feature = "observe"))]
        pub static ALL: &[&FieldDef] = &[$(&$constant),*];
    };
}

fields! {
    // Both versions.
    TERMINATOR = "terminator", "1.1", Hex, "two line feeds, which end the frame";
    PREFIX = "prefix", "1.2", Text, "begins a server's first frame";
    PEM = "server_pub", "1.2", Text, "the server's RSA public key as SubjectPublicKeyInfo PEM";
    #[cfg(any(test, feature = "observe"))]
    UNREAD = "unread", "2.11", Hex, "bytes of a refused frame behind the check that refused it";

    // v1, in JSON: what is base64 is a field of the next layer, too.
    JSON = "json", "1.3", Text, "JSON around the values, and fields that are not known";
    ENC_SESSION = "enc_session", "1.3", Nested, "the encrypted session blob, in base64";
    CLIENT_PUB = "client_pub", "1.3", Text, "the client's RSA public key, in base64";
    CLIENT_SIG = "client_sig", "1.3", Text, "the client's signature, in base64";
    CIPHER = "cipher", "1.4", Nested, "the encrypted message, in base64";
    V1_HMAC = "hmac", "1.4", Text, "the message's authentication code, in base64";
    ERROR_CODE = "error", "1.5", Text, "the code of the error";
    ERROR_MESSAGE = "message", "1.5", Text, "a sentence about the error, for people";

    // v1, decoded.
    V1_SESSION = "enc_session", "1.3", Nested, "the session blob, encrypted by RSA-OAEP for the server";
    V1_CLIENT_PEM = "client_pub", "1.3", Text, "the client's RSA public key as PEM";
    V1_SIGNATURE = "client_sig", "1.3", Hex, "RSA-PSS over the session blob, by the client's key";
    AES_KEY = "aes_key", "1.3", Hex, "the key of every message's cipher and MAC";
    IV = "iv", "1.3", Hex, "the initialization vector, the same for every message";
    V1_CIPHERTEXT = "ciphertext", "1.4", Nested, "message and padding, by AES-256-CBC";
    V1_TAG = "tag", "1.4", Hex, "HMAC-SHA256 over the ciphertext, by the same key";
    V1_CONTENT = "content", "1.4", Nested, "the message";
    V1_PADDING = "padding", "1.4", Hex, "PKCS#7: each byte is the number of padding bytes";
    V1_MESSAGE = "message", "1.4", Text, "a message of the chat, opaque to the protocol";

    // v2, in clear.
    PREFACE = "preface", "2.1", Text, "chooses version 2";
    LENGTH = "length", "2.2", Integer, "the number of bytes of the body";
    TYPE = "type", "2.2", Integer, "1 client_hello, 2 server_hello, 3 sealed, 4 alert in clear";
    BODY = "body", "2.2", Nested, "a hello, a sealed record, or an alert";
    RANDOM = "random", "2.3", Hex, "32 fresh random bytes, for the transcript";
    X25519 = "x25519", "2.3", Hex, "the sender's X25519 public key for this connection";
    ML_KEM_KEY = "mlkem_key", "2.3", Hex, "the client's ML-KEM-768 encapsulation key";
    ML_KEM_CIPHERTEXT = "mlkem_ciphertext", "2.3", Hex, "the ML-KEM-768 ciphertext for the client's key";

    // v2, the sealed record.
    SEALED = "ciphertext", "2.5", Nested, "content, inner type and padding, by ChaCha20-Poly1305";
    TAG = "tag", "2.5", Hex, "Poly1305 over the header and the ciphertext";
    CONTENT = "content", "2.5", Nested, "the message in the record";
    INNER_TYPE = "inner_type", "2.5", Integer, "the type of the message in the record";
    PADDING = "padding", "2.5", Hex, "zeros up to a multiple of 64 bytes";

    // v2, the messages in records.
    SPKI_LENGTH = "spki_length", "2.6", Integer, "the number of bytes of the key";
    SPKI = "spki", "2.6", Hex, "the sender's RSA public key as SubjectPublicKeyInfo DER";
    SIGNATURE_LENGTH = "signature_length", "2.6", Integer, "the number of bytes of the signature";
    SIGNATURE = "signature", "2.6", Hex, "RSA-PSS over the transcript so far, by the key";
    HMAC = "hmac", "2.6", Hex, "HMAC-SHA256 of the transcript so far";
    MESSAGE_LENGTH = "message_length", "2.9", Integer, "the number of bytes of the message";
    MESSAGE = "message", "2.9", Text, "a message of the chat, opaque to the protocol";
    ALERT = "alert", "2.11", Integer, "the reason why the sender ends the connection";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn every_section_is_one_of_the_document() {
            let document = include_str!("../../../docs/PROTOCOL.md");
            for field in ALL {
                let heading = format!("## {} ", field.section);
                assert!(document.contains(&heading), "{}: §{}", field.name, field.section);
                assert!(!field.name.is_empty() && !field.meaning.is_empty());
            }
        }
    }
}
